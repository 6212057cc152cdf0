# Says everything again, louder:  msn bot --keep -- python3 shout.py
import json, sys

for line in sys.stdin:
    event = json.loads(line)
    if event["type"] == "message":
        print(json.dumps({"chat": event["chat"], "text": event["text"].upper() + "!"}), flush=True)
