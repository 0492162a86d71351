"""What is wrong with a catalog: everything that would surprise somebody later is found when it is published, and all of it at once.

Rules: domain-rules 2.1 to 2.4 and 3.1. A problem names the value by its path in the file: `services[gpon-port].children[0].condition`.
"""

from domain.catalog import Catalog
from domain.catalog.check.circles import circles_of
from domain.catalog.check.problem import Problem
from domain.catalog.check.references import reference_problems
from domain.catalog.check.rules import rule_problems
from domain.catalog.check.targets import target_problems
from domain.catalog.check.use import use_problems
from domain.catalog.check.words import word_problems
from domain.catalog.check.writers import writer_problems

__all__ = ["Problem", "check"]

_CHECKS = (word_problems, reference_problems, rule_problems, target_problems, writer_problems, circles_of, use_problems)


def check(catalog: Catalog) -> list[Problem]:
    """All problems of a catalog, without repeats; empty for one that can be published. It never raises."""
    return list(dict.fromkeys(problem for each in _CHECKS for problem in each(catalog)))
