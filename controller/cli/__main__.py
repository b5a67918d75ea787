"""``python -m controller.cli`` is `hardlab`."""

from controller.cli.app import main

main()
