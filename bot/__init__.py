"""Where, when and how to say it: alerts become messages, questions become answers."""
