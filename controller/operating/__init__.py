"""What runs a cell headless: notification, heartbeats, logs, metrics, and the doctor."""
