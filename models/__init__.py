"""The learned models: which kind of indentation a place shows, and what follows for its way.

`classifier.Classifier` looks, `routing.route` decides; both need neither torch nor
rendered pictures. `training` makes the weights (``hardlab train``). docs/models.md is the
model card.
"""
