"""Synthetic identity cards and what a phone makes of them: the test set of 拍摄识别 (requirement 3.2.1.3).

Nobody's card is in it: people are made up from a seed, faces are drawn, and the printed number belongs to no one that
is known to us. `holders` makes people up, `faces` prints their cards, `phone` photographs them.
"""
