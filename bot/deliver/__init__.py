"""From a committed alert to a message: route, mute, group, send, each a stage with one method."""
