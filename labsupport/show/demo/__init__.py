"""The panels in front of a room: full pages, predict first, a page for the presenter.

steps    what to set, what to ask and what will be said, from steps.toml
page     a panel as one page, whoever answers it
server   pages that a process of this machine answers
record   pages that need nobody: the frames lie in them
"""
