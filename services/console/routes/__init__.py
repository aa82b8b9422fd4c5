"""Pages, by subject; together they are the ConsoleService."""
