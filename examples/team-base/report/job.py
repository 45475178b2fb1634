"""Prints the sales of each region."""

import csv
import os
from collections import defaultdict

from tabulate import tabulate


def main() -> None:
    totals = defaultdict(int)
    with open(os.environ.get("SALES", "data/sales.csv"), newline="") as file:
        for row in csv.DictReader(file):
            totals[row["region"]] += int(row["amount"])
    print(tabulate(sorted(totals.items()), headers=["region", "amount"]))
