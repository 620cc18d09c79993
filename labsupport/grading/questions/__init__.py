"""The questions of all exercises: question 03.2 is in q03_2."""
