"""Exercise 08: bundles, looks, stages."""

import hashlib
import math
import os
from pathlib import Path
from statistics import NormalDist

import numpy as np
from scipy import stats


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def by_walking(folder, manifest):
    """Every way that leads out is closed on its own."""
    wrong, seen = set(), set()
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(place) / name
            told = path.relative_to(folder).as_posix()
            if path.is_symlink() or (path.is_file() and told not in manifest):
                wrong.add(told)
            elif path.is_file():
                seen.add(told)
                if sha256(path.read_bytes()) != manifest[told]["sha256"]:
                    wrong.add(told)
    return wrong | (set(manifest) - seen)


def by_resolving(folder, manifest):
    """A path that is what it resolves to has no link and no dots in it."""
    there = [path for path in folder.glob("**/*") if path.is_symlink() or not path.is_dir()]
    wrong = [name for path in there if (name := str(path.relative_to(folder))) not in manifest]
    for name, entry in manifest.items():
        path = Path(os.path.join(folder, name))
        inside = path.resolve() == path and path.is_relative_to(folder) and path.is_file()
        if not inside or sha256(path.read_bytes()) != entry["sha256"]:
            wrong.append(name)
    return wrong


def whole_or_not(folder, manifest):
    return not by_walking(folder, manifest)


def faults_by_kind(folder, manifest):
    return {"wrong": list(by_walking(folder, manifest))}


def tidies_up(folder, manifest):
    wrong = by_walking(folder, manifest)
    for name in wrong - set(manifest):
        if (folder / name).is_file():
            os.unlink(folder / name)
    return wrong


def keeps_a_log(folder, manifest):
    (folder.parent / "log").write_text("checked", encoding="utf-8")
    return by_walking(folder, manifest)


def paths(folder, manifest):
    return [folder / name for name in by_walking(folder, manifest)]


def opens_whatever_is_named(folder, manifest):
    return [n for n, e in manifest.items() if sha256((folder / n).read_bytes()) != e["sha256"]]


def only_of_the_manifest_in_sizes(folder, manifest):
    wrong = set()
    for name in by_walking(folder, manifest):
        if name not in manifest or (folder / name).stat().st_size != manifest[name]["size"]:
            wrong.add(name)
    return wrong


def names_all(folder, manifest):
    return list(manifest)


def says_how(folder, manifest):
    return [f"{name} is wrong" for name in by_walking(folder, manifest)]


def too_careful_with_dots(folder, manifest):
    return by_walking(folder, manifest) | {name for name in manifest if ".." in name}


def pairs_of(harm, discordance, alpha, power):
    quantile = NormalDist().inv_cdf
    distance = quantile(1 - alpha / 2) + quantile(power)
    return distance**2 * (discordance - harm**2) / harm**2


def share_of(pairs, requests):
    return pairs / requests if 2 * pairs <= requests else 0.0


def not_rounded(harm, discordance, alpha, power, requests):
    pairs = pairs_of(harm, discordance, alpha, power)
    return pairs, share_of(pairs, requests)


def pairs_only(harm, discordance, alpha, power, requests):
    return math.ceil(pairs_of(harm, discordance, alpha, power))


def share_first(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return share_of(pairs, requests), pairs


def none_where_there_are_too_few(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) or None


def share_as_text(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, f"{share_of(pairs, requests):.1%}"


def many_pairs_more(harm, discordance, alpha, power, requests):
    pairs = math.floor(pairs_of(harm, discordance, alpha, power)) + 20_000
    return pairs, share_of(pairs, requests)


def a_margin_of_a_tenth(harm, discordance, alpha, power, requests):
    pairs = math.ceil(0.9 * pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests)


def never_all_requests(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha, power))
    return pairs, share_of(pairs, requests) if 2.2 * pairs < requests else 0.0


def alpha_split_over_five_looks(harm, discordance, alpha, power, requests):
    pairs = math.ceil(pairs_of(harm, discordance, alpha / 5, power))
    return pairs, share_of(pairs, requests)


WRONG = {
    "08.1": [
        (whole_or_not, "the answer is True or False, not a list"),
        (faults_by_kind, "the answer is a dict, not a list"),
        (tidies_up, "Asked twice about"),
        (keeps_a_log, "Your function wrote to where the bundle lies; a check only reads"),
        (paths, "should be text"),
        (opens_whatever_is_named, "Your function raised FileNotFoundError"),
        (only_of_the_manifest_in_sizes, "Your function raised FileNotFoundError"),
        (names_all, "A file is named that is as the manifest says"),
        (says_how, "A name in the answer is in no manifest and no folder"),
        (too_careful_with_dots, "as the manifest says, on names that look odd and are not"),
    ],
    "08.3": [
        (not_rounded, "is not a whole number; round it up"),
        (pairs_only, "it should return two values, (pairs, share)"),
        (share_first, "is not a whole number; round it up"),
        (none_where_there_are_too_few, "where no stage is run it is zero"),
        (share_as_text, "the share is a str"),
        (many_pairs_more, "These are too many pairs, on"),
        (a_margin_of_a_tenth, "These are too few pairs, on"),
        (never_all_requests, "share is not, on just enough requests"),
        (alpha_split_over_five_looks, "These are too many pairs, on"),
    ],
}


def with_the_error_under_no_harm(harm, discordance, alpha, power, requests):
    """Connor (1987): each distance in standard errors of its own."""
    reach = stats.norm.isf(alpha / 2) * np.sqrt(discordance)
    reach += stats.norm.isf(1 - power) * np.sqrt(discordance - harm**2)
    pairs = np.ceil((reach / harm) ** 2)
    return pairs, np.where(2 * pairs > requests, 0, pairs / requests)


RIGHT = {"08.1": [by_walking, by_resolving], "08.3": [with_the_error_under_no_harm]}
