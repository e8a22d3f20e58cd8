"""boto3 as a process that answers one JSON request a line; test/clients/boto3.mjs asks.

A request is {"op": NAME, ...arguments}, an answer {"result": ...} or {"error": TEXT}.
"""

import json
import os
import sys

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

# Without this, boto3 presigns for an endpoint that is not AWS's with Signature Version 2.
SIGNED_V4 = Config(signature_version="s3v4", s3={"addressing_style": "path"})
S3 = boto3.client("s3", config=SIGNED_V4)
IN_PARTS = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=5 << 20)


def versions():
    python = sys.version.split()[0]
    return f"boto3 {boto3.__version__}, botocore {botocore.__version__}, Python {python}"


def make_bucket(bucket):
    S3.create_bucket(Bucket=bucket)


def put(bucket, key, file):
    S3.upload_file(file, bucket, key, Config=IN_PARTS)


def get(bucket, key, file):
    S3.download_file(bucket, key, file, Config=IN_PARTS)


def list_objects(bucket):
    pages = S3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    entries = [entry for page in pages for entry in page.get("Contents", [])]
    return [{"key": entry["Key"], "sizeBytes": entry["Size"]} for entry in entries]


def list_objects_v1(bucket, prefix, delimiter):
    """Keys and common prefixes, from pages of two."""
    pages = S3.get_paginator("list_objects").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": 2})
    keys, prefixes = [], []
    for page in pages:
        keys += [entry["Key"] for entry in page.get("Contents", [])]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    return {"keys": keys, "prefixes": prefixes}


def remove(bucket, key):
    S3.delete_object(Bucket=bucket, Key=key)


def remove_many(bucket, keys):
    answer = S3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    return {"deleted": len(answer.get("Deleted", [])), "errors": answer.get("Errors", [])}


def remove_bucket(bucket):
    S3.delete_bucket(Bucket=bucket)


def presign(method, bucket, key):
    return S3.generate_presigned_url(method, Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)


def presign_post(bucket, key):
    return S3.generate_presigned_post(
        bucket, key, Conditions=[["content-length-range", 1, 1000]], ExpiresIn=60)


def put_with(bucket, key, text, arguments):
    """put_object with more arguments; the error code in place of an exception."""
    try:
        answer = S3.put_object(Bucket=bucket, Key=key, Body=text.encode(), **arguments)
    except botocore.exceptions.ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    answer.pop("ResponseMetadata")
    return answer


def head(bucket, key):
    answer = S3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    return {name: value for name, value in answer.items() if isinstance(value, (str, int, dict))}


OPERATIONS = {
    "versions": versions, "make_bucket": make_bucket, "put": put, "get": get, "list": list_objects,
    "list_v1": list_objects_v1, "remove": remove, "remove_many": remove_many,
    "remove_bucket": remove_bucket, "presign": presign, "presign_post": presign_post,
    "put_with": put_with, "head": head,
}


def main():
    # Whatever a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": OPERATIONS[request.pop("op")](**request)}
        except Exception as error:  # each is the case's failure, told by the asker
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
