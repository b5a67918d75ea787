"""From a finished record to paper that strangers can check, and on to the customer's systems.

`record` is the canonical record, `building` makes it from the information library, `documents`
sets it as certificates, `sealing` signs them, `verifying` checks them without a network.
"""
