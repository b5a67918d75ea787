"""What each kind of event makes of the state; `controller.fold` joins them."""
