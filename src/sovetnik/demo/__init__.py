"""The whole product with no account: a local Bot API server, a mailbox and a chat page."""
