"""What a card says, pure rules: numbers, periods, where which field stands, and when to say “unsure”."""
