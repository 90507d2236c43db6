"""The server around the page: limits, sessions, telemetry, what stands in the page before Gradio builds it."""
