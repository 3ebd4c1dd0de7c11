"""`sovetnik doctor`: everything that `run` depends on, one line each.

A check is a small function that gives a :class:`~sovetnik.doctor.finding.Finding`, or raises
:class:`~sovetnik.doctor.finding.Trouble`; ``setting_up`` asks the same questions while the owner answers.
Nothing that is looked at is changed, so it may be asked at any time, beside a running bot too.
"""
