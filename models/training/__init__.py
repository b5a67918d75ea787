"""Training of the classifier on rendered crops. Needs torch and torchvision (``make train``)."""
