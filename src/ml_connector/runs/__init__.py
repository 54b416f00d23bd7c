"""How work is carried out: stages of a run, the one write path, and the two engines that drive them. Knows no
vendor and no flow.
"""
