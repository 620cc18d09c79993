"""Slides of a lesson: its questions, pictures and take-aways, chosen by rule.

outline    which cells become slides
deck       nbconvert's reveal slides of them, in a folder that needs no network
"""
