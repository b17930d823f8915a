"""Where people write to the bot: Telegram, Zalo Bot and Zalo OA, all on one durable path."""
