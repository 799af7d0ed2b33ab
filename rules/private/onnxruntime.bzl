"""What onnxruntime needs in the environment of an action."""

# A build neither reports its use to anyone nor leaves an identifier on the machine.
ONNXRUNTIME_ENVIRONMENT = {"ORT_DISABLE_TELEMETRY": "1"}
