"""The office's own REST interface: records to fetch, orders to give."""
