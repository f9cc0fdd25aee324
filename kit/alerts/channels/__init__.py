"""Being told elsewhere: e-mail, Telegram, webhooks, Slack and Discord, each a channel of its owner's beside the inbox.

Raising an alert queues a delivery in the same statement (`kit.alerts.services`); a worker sends it (`delivering`).
"""
