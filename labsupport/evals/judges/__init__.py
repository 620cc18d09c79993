"""Who may say what is right, and what is left open.

agreement     kappa and alpha: agreement beyond chance
alike         whether a judge is as right about one system as about another
corrected     the true rate behind a judge's
coverage      how often each interval holds the true rate
judge         a judge is approved before it may judge
judge_checks  what a judge has to show, one check each
judged        a gain through a judge, each side with its own calibration
labels        labels in three parts: for the prompt, the threshold, the approval
melding       exact intervals of shares, carried through a formula
powered       few human labels and many of a judge: PPI, PPI++
"""
