#!/usr/bin/env python3
"""Runs the patterns of this folder over real data and compares the alerts with what plain scripts find.

usage: check.py TOCSIN DATA    (exit status 77: the data are not there, so nothing was checked)
"""
import csv
import gzip
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

HERE = os.path.dirname(os.path.abspath(__file__))


def alerts(tocsin, name, *arguments):
    """What Tocsin finds: for each alert the variables with their events."""
    command = [tocsin, "run", "-p", os.path.join(HERE, name, "pattern.tocsin"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}: {done.stderr}")
    return [json.loads(line)["events"] for line in done.stdout.splitlines()]


def rows(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def backdoor_user(tocsin, data):
    path = os.path.join(data, "security/cloudtrail_stratus_20230710.jsonl.gz")
    found = [
        (e["created"][0]["eventID"], e["key"][0]["eventID"], e["use"][0]["eventID"])
        for e in alerts(tocsin, "backdoor_user", "-i", path, "--out-of-order", "2h")
    ]
    with gzip.open(path, "rt") as file:
        calls = [json.loads(line) for line in file]
    calls.sort(key=lambda call: call["eventTime"])  # stable, as ties are
    target = lambda call: (call.get("requestParameters") or {}).get("userName")
    privileged = ("AttachUserPolicy", "PutUserPolicy", "AddUserToGroup", "DeleteAccessKey")
    time = lambda call: datetime.fromisoformat(call["eventTime"].replace("Z", "+00:00"))
    expected = []
    for i, created in enumerate(calls):
        user = target(created)
        if created["eventName"] != "CreateUser" or "errorCode" in created or user is None:
            continue
        key = None
        for call in calls[i + 1 :]:
            if time(call) - time(created) > timedelta(hours=1):
                break
            if key is None:
                if call["eventName"] == "CreateAccessKey" and target(call) == user:
                    key = call
            elif call["userIdentity"].get("userName") == user or (
                target(call) == user and call["eventName"] in privileged
            ):
                expected.append((created["eventID"], key["eventID"], call["eventID"]))
                break
    return found, expected


def mule(tocsin, data):
    path = os.path.join(data, "payments/amlsim_20k_transfers.csv.gz")
    # A disorder of years: the file is sorted by nothing that matters here.
    found = [
        (e["in_"][0]["targetNodeId"], [r["time"] for r in e["in_"]], [r["time"] for r in e["out_"]])
        for e in alerts(
            tocsin, "mule", "-i", "In=" + path, "-i", "Out=" + path, "--out-of-order", "400d"
        )
    ]
    stamp = lambda day: f"1970-01-01T00:{day // 60:02}:{day % 60:02}.000Z"
    accounts = {}
    transfers = [
        (int(r["time"]), int(r["sourceNodeId"]), int(r["targetNodeId"]), float(r["value"]))
        for r in rows(path)
    ]
    for order, side in ((0, 2), (1, 1)):  # of one day, what comes in stands before what goes out
        for number, transfer in enumerate(transfers):
            accounts.setdefault(transfer[side], []).append((transfer[0], order, number, transfer))
    expected = []
    for account, events in accounts.items():
        events.sort(key=lambda event: event[:3])
        for i, first in enumerate(events):
            if first[1] == 0:
                match = earliest_mule(events[i:])
                if match:
                    ins, outs = match
                    expected.append((account, [stamp(e[0]) for e in ins], [stamp(e[0]) for e in outs]))
    return found, expected


def earliest_mule(events):
    """The first match that begins with events[0]: at the earliest event; of several the longest 'in'."""
    window = [event for event in events if event[0] - events[0][0] <= 7]
    if sum(event[1] == 0 for event in window) < 8:
        return None
    for end, last in enumerate(window):
        if last[1] == 0:
            continue
        past = window[: end + 1]
        ins = [event for event in past if event[1] == 0]
        for rounds in range(len(ins), 7, -1):
            taken = ins[:rounds]
            outs = [event for event in past if event[1] == 1 and event > taken[-1]]
            senders = {event[3][1] for event in taken}
            money = sum(event[3][3] for event in taken)
            if outs and len(senders) >= 8 and sum(event[3][3] for event in outs) > 0.5 * money:
                return taken, outs
    return None


def rising_trades(tocsin, data):
    path = os.path.join(data, "market/binance_usdm_trades_20240808.csv.gz")
    found = [
        [r["trade_id"] for r in e["first_trade"] + e["more"]]
        for e in alerts(tocsin, "rising_trades", "-i", path)
    ]
    symbols = {}
    expected = []
    for row in rows(path):
        run = symbols.setdefault(row["symbol"], [])
        if run and not (
            float(row["price"]) > float(run[-1]["price"]) and float(row["qty"]) > float(run[-1]["qty"])
        ):
            run.clear()
        run.append(row)
        if len(run) == 5:
            expected.append([r["trade_id"] for r in run])
            run.clear()
    return found, expected


def many_registrations(tocsin, data):
    path = os.path.join(data, "payments/aws_registrations_20k.csv.gz")
    found = [
        [r["email_address"] for r in e["r"]]
        for e in alerts(tocsin, "many_registrations", "-i", path, "--out-of-order", "400d")
    ]
    addresses = {}
    expected = []
    for row in sorted(rows(path), key=lambda row: row["EVENT_TIMESTAMP"]):
        time = datetime.fromisoformat(row["EVENT_TIMESTAMP"].replace("Z", "+00:00"))
        seen = addresses.setdefault(row["ip_address"], [])
        seen.append((time, row["email_address"]))
        seen[:] = [s for s in seen if time - s[0] <= timedelta(hours=24)]
        if len({email for _, email in seen}) >= 3:
            expected.append([email for _, email in seen])
            seen.clear()
    return found, expected


def main():
    tocsin, data = sys.argv[1], sys.argv[2]
    if not os.path.isdir(data):
        print(f"SKIPPED: there are no real data at {data}")
        return 77
    failed = 0
    for check in (backdoor_user, mule, rising_trades, many_registrations):
        found, expected = check(tocsin, data)
        same = sorted(map(repr, found)) == sorted(map(repr, expected))
        print(f"{check.__name__}: {len(found)} alerts, {len(expected)} expected: {'same' if same else 'DIFFERENT'}")
        if not same:
            failed += 1
            print("  only Tocsin:", [x for x in found if x not in expected][:3])
            print("  only the script:", [x for x in expected if x not in found][:3])
    return 1 if failed else 0


sys.exit(main())
