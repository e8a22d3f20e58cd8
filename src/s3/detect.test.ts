// Which operation a request asks for, and what is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { detectOperation } from './detect.ts'
import { RequestHeaders } from './request-headers.ts'
import { parseTarget } from './request-target.ts'
import { OPERATION_ROUTES } from './routes.ts'
import { S3Error } from './s3-error.ts'
import { S3_OPERATIONS } from './s3-operation.ts'

function detect(line: string, headers: readonly string[] = []): string {
  const [method = '', target = ''] = line.split(' ')
  try {
    return detectOperation(method, parseTarget(target, null, []), new RequestHeaders(headers))
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    const allow = error.headers['allow']
    return allow === undefined ? error.code : `${error.code} allow ${allow}`
  }
}

const COPY = ['x-amz-copy-source', '/a/b']

test('plain requests are found by place and method', () => {
  assert.equal(detect('GET /'), 'ListBuckets')
  assert.equal(detect('GET /b'), 'ListObjects')
  assert.equal(detect('PUT /b/'), 'CreateBucket')
  assert.equal(detect('HEAD /b'), 'HeadBucket')
  assert.equal(detect('DELETE /b'), 'DeleteBucket')
  assert.equal(detect('POST /b'), 'PostObject')
  assert.equal(detect('GET /b/k'), 'GetObject')
  assert.equal(detect('HEAD /b/k?versionId=1&partNumber=2'), 'HeadObject')
  assert.equal(detect('PUT /b/k'), 'PutObject')
  assert.equal(detect('DELETE /b/k?versionId=null'), 'DeleteObject')
  assert.equal(detect('OPTIONS /b/k'), 'OptionsObject')
})

test('each operation is found by its own wire form', () => {
  for (const operation of S3_OPERATIONS) {
    const route = OPERATION_ROUTES[operation]
    const path = { service: '/', bucket: '/b', object: '/b/k' }[route.place]
    const query: string[] = []
    if (route.sub !== null) query.push(route.sub === 'list-type' ? 'list-type=2' : route.sub)
    for (const name of route.params) query.push(`${name}=x`)
    const headers = route.needs !== null && 'header' in route.needs ? COPY : []
    const mark = query.length > 0 ? '?' : ''
    assert.equal(detect(`${route.method} ${path}${mark}${query.join('&')}`, headers), operation)
  }
})

test('S3.md 22: an unknown subresource is NotImplemented, and never the plain operation', () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    assert.equal(detect(`${method} /b/k?unknown`), 'NotImplemented')
    assert.equal(detect(`${method} /b?unknown=1`), 'NotImplemented')
  }
  assert.equal(detect('GET /?acl'), 'NotImplemented')
  assert.equal(detect('GET /b/k?versions'), 'NotImplemented')
  assert.equal(detect('PUT /b/k?versionId=1'), 'NotImplemented')
  assert.equal(detect('DELETE /b/k?partNumber=1'), 'NotImplemented')
})

test('S3.md 22: a known but unsupported subresource keeps its own name', () => {
  assert.equal(detect('DELETE /b?ownershipControls'), 'DeleteBucketOwnershipControls')
  assert.equal(detect('GET /b/k?torrent'), 'GetObjectTorrent')
})

test('S3.md 22: x-id is ignored', () => {
  assert.equal(detect('GET /b/k?x-id=GetObject'), 'GetObject')
  assert.equal(detect('PUT /b/k?x-id=DeleteBucket'), 'PutObject')
})

test('S3.md 22: a known subresource with another method is MethodNotAllowed with Allow', () => {
  assert.equal(detect('POST /b?acl'), 'MethodNotAllowed allow GET, PUT')
  assert.equal(detect('DELETE /b?versioning'), 'MethodNotAllowed allow GET, PUT')
  assert.equal(detect('POST /b/k'), 'MethodNotAllowed allow PUT, DELETE, GET, HEAD, OPTIONS')
  assert.equal(detect('PATCH /b/k?tagging').startsWith('MethodNotAllowed allow'), true)
  assert.equal(detect('PUT /'), 'MethodNotAllowed allow GET')
})

test('copies are told by their header, also where a presigner put it into the query', () => {
  assert.equal(detect('PUT /b/k', COPY), 'CopyObject')
  assert.equal(detect('PUT /b/k?x-amz-copy-source=%2Fa%2Fb'), 'CopyObject')
  assert.equal(detect('PUT /b/k?partNumber=1&uploadId=u', COPY), 'UploadPartCopy')
  assert.equal(detect('PUT /b/k?partNumber=1&uploadId=u'), 'UploadPart')
})

test('a list type other than 2, and two subresources at once, are invalid arguments', () => {
  assert.equal(detect('GET /b?list-type=2&prefix=a'), 'ListObjectsV2')
  assert.equal(detect('GET /b?list-type=3'), 'InvalidArgument')
  assert.equal(detect('GET /b?acl&policy'), 'InvalidArgument')
})

test('one configuration and the list of them differ by id', () => {
  assert.equal(detect('GET /b?metrics&id=1'), 'GetBucketMetricsConfiguration')
  assert.equal(detect('GET /b?metrics'), 'ListBucketMetricsConfigurations')
  assert.equal(detect('PUT /b?metrics'), 'InvalidArgument')
})

test('parameters of a signature are known to every operation', () => {
  assert.equal(detect('GET /b/k?X-Amz-Signature=1&X-Amz-Date=2&x-amz-acl=private'), 'GetObject')
  assert.equal(detect('GET /b/k?AWSAccessKeyId=1&Signature=2&Expires=3'), 'GetObject')
})
