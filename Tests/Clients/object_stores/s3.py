"""A store that speaks S3, checks signatures, and holds what a folder holds. Prints one JSON line, lives until its
standard input ends.

    python s3.py FOLDER       one bucket per folder in it
"""

import json
import logging
import os
import pathlib
import sys

import boto3
import moto.settings
from moto.server import ThreadedMotoServer

# Listings of several pages.
os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = "10"
logging.disable(logging.CRITICAL)
folder = pathlib.Path(sys.argv[1])
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
settings = {"endpoint_url": address, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "y"}
s3 = boto3.client("s3", **settings)
for bucket in folder.iterdir():
    s3.create_bucket(Bucket=bucket.name)
    for file in bucket.rglob("*"):
        if file.is_file():
            s3.put_object(Bucket=bucket.name, Key=str(file.relative_to(bucket)), Body=file.read_bytes())
iam = boto3.client("iam", **settings)
iam.create_user(UserName="reader")
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(allowed))
key = iam.create_access_key(UserName="reader")["AccessKey"]
# From here on every request needs a right signature.
moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"address": address, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
server.stop()
