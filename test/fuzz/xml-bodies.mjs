// Bodies of the operations that take XML or JSON: entities, DTDs, depth, size, broken text.

import { createHash } from 'node:crypto'
import { freshKey, signedRequest } from './message.mjs'

const NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const root = (name, inner) => `<${name} ${NS}>${inner}</${name}>`
const TAGGING = root('Tagging', '<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>')
/** Method, subresource, whether on an object, and a body that is well formed. */
const OPERATIONS = [
  ['POST', 'delete', false, root('Delete', '<Object><Key>nothing</Key></Object>')],
  ['PUT', 'tagging', false, TAGGING],
  ['PUT', 'tagging', true, TAGGING],
  [
    'PUT',
    'cors',
    false,
    root(
      'CORSConfiguration',
      '<CORSRule><AllowedMethod>GET</AllowedMethod>' +
        '<AllowedOrigin>*</AllowedOrigin></CORSRule>',
    ),
  ],
  [
    'PUT',
    'lifecycle',
    false,
    root(
      'LifecycleConfiguration',
      '<Rule><ID>r</ID>' +
        '<Status>Enabled</Status><Prefix>old/</Prefix><Expiration><Days>3650</Days></Expiration>' +
        '</Rule>',
    ),
  ],
  [
    'PUT',
    'website',
    false,
    root('WebsiteConfiguration', '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'),
  ],
  [
    'PUT',
    'ownershipControls',
    false,
    root('OwnershipControls', '<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>'),
  ],
  [
    'PUT',
    'publicAccessBlock',
    false,
    root('PublicAccessBlockConfiguration', '<BlockPublicAcls>true</BlockPublicAcls>'),
  ],
  [
    'PUT',
    'encryption',
    false,
    root(
      'ServerSideEncryptionConfiguration',
      '<Rule>' +
        '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>' +
        '</ApplyServerSideEncryptionByDefault></Rule>',
    ),
  ],
  ['PUT', 'versioning', false, root('VersioningConfiguration', '<Status>Enabled</Status>')],
  ['PUT', 'notification', false, root('NotificationConfiguration', '')],
  [
    'PUT',
    'requestPayment',
    false,
    root('RequestPaymentConfiguration', '<Payer>BucketOwner</Payer>'),
  ],
  [
    'PUT',
    'acl',
    true,
    root('AccessControlPolicy', '<Owner><ID>x</ID></Owner><AccessControlList/>'),
  ],
  [
    'PUT',
    'retention',
    true,
    root(
      'Retention',
      '<Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>',
    ),
  ],
  ['PUT', 'legal-hold', true, root('LegalHold', '<Status>ON</Status>')],
  [
    'POST',
    'uploadId',
    true,
    root('CompleteMultipartUpload', '<Part><PartNumber>1</PartNumber><ETag>"x"</ETag></Part>'),
  ],
  [
    'PUT',
    '',
    false,
    root('CreateBucketConfiguration', '<LocationConstraint>us-west-9</LocationConstraint>'),
  ],
  ['PUT', 'policy', false, '{"Version":"2012-10-17","Statement":[]}'],
]

const DTD = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
const LAUGHS = `<!DOCTYPE x [<!ENTITY a "ha">${'bcdefghij'
  .split('')
  .map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghi'[index]};`.repeat(10)}">`)
  .join('')}]>`

/** Each changes a good body in one way; `mustRefuse` where what comes of it is never good. */
const BREAKS = {
  entity: { mustRefuse: true, change: (ctx, body) => DTD + body.replace(/>[a-z]*</, '>&e;<') },
  laughs: { mustRefuse: true, change: (ctx, body) => LAUGHS + body.replace(/>[a-z]*</, '>&j;<') },
  'unknown entity': { mustRefuse: true, change: (ctx, body) => body.replace('><', '>&nothing;<') },
  'external DTD': {
    mustRefuse: true,
    change: (ctx, body) => `<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">${body}`,
  },
  'empty DTD': { mustRefuse: true, change: (ctx, body) => `<!DOCTYPE x>${body}` },
  deep: {
    change: (ctx, body) => {
      const depth = ctx.random.pick([1000, 20_000, 100_000])
      return body.replace('><', `>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}<`)
    },
  },
  'deep and open': {
    mustRefuse: true,
    change: (ctx) => '<a>'.repeat(ctx.random.pick([100, 300_000])),
  },
  // Bodies that list parts or keys have 4 MiB, others 1 MiB.
  long: { change: (ctx, body) => body.replace('><', `>${' '.repeat(1_100_000)}<`) },
  large: {
    mustRefuse: true,
    change: (ctx, body) =>
      body.replace('><', `>${' '.repeat(ctx.random.pick([4_200_000, 6_000_000]))}<`),
  },
  'many attributes': {
    change: (ctx, body) =>
      body.replace(
        '>',
        `${Array.from({ length: 5000 }, (_, index) => ` a${index}="1"`).join('')}>`,
      ),
  },
  'long name': { mustRefuse: true, change: () => `<${'n'.repeat(500_000)}/>` },
  truncated: {
    mustRefuse: true,
    change: (ctx, body) => body.slice(0, ctx.random.between(1, body.length - 2)),
  },
  'wrong root': { mustRefuse: true, change: () => '<Nonsense/>' },
  'not XML': {
    mustRefuse: true,
    change: (ctx) =>
      ctx.random.pick(['{', 'null', '[]', '\0', '<', '<>', '</', '<?xml', '<!--', ']]>', 'x']),
  },
  'not UTF-8': {
    mustRefuse: true,
    change: (ctx, body) =>
      Buffer.concat([
        Buffer.from(body.slice(0, -3)),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
        Buffer.from(body.slice(-3)),
      ]),
  },
  'UTF-16': { change: (ctx, body) => Buffer.from(`\ufeff${body}`, 'utf16le') },
  mark: { change: (ctx, body) => Buffer.from(`\ufeff${body}`) },
  control: {
    mustRefuse: true,
    change: (ctx, body) =>
      body.replace('><', `>${ctx.random.pick(['\0', '\u0001', '&#0;', '&#1;', '&#xFFFFFFFF;'])}<`),
  },
  comment: { change: (ctx, body) => body.replace('><', '><!-- x --><![CDATA[ ]]><?pi x?><') },
  'odd value': {
    change: (ctx, body) =>
      body.replaceAll(/>([^<>]+)</g, (all) =>
        ctx.random.chance(0.5)
          ? all
          : `>${ctx.random.pick([
              '',
              '-1',
              '99999999999999999999',
              '\u{1FAA3}',
              'x'.repeat(3000),
              '../../etc/passwd',
              '1e9',
              'NaN',
              ' ',
              '&#13;',
              'true',
              '2026-99-99',
            ])}<`,
      ),
  },
  'another namespace': { change: (ctx, body) => body.replace(NS, 'xmlns="urn:nothing"') },
  'doubled element': { change: (ctx, body) => body.replace(/(<\w+>[^<]*<\/\w+>)/, '$1$1$1') },
  'a thousand elements': {
    change: (ctx, body) => body.replace(/(<\w+>[^<]*<\/\w+>)/, (element) => element.repeat(1001)),
  },
}

/** Sends a body that was changed in one way, with the digest of what is really sent. */
function changedBody(ctx) {
  const { random } = ctx
  const name = random.pick(Object.keys(BREAKS))
  const { mustRefuse = false, change } = BREAKS[name]
  const [method, sub, isOnObject, body] = random.pick(OPERATIONS)
  const changed = Buffer.from(change(ctx, body))
  // A change that found no place leaves a good body, which may be taken.
  const isChanged = changed.compare(Buffer.from(body)) !== 0
  const md5 = createHash('md5').update(changed).digest('base64')
  const query = sub === '' ? [] : [[sub, sub === 'uploadId' ? 'none' : '']]
  const key = random.chance(0.5) ? 'anchor' : freshKey(ctx)
  const { bytes } = signedRequest(ctx, {
    method,
    query,
    body: changed,
    path: `/${ctx.settingsBucket}${isOnObject ? `/${key}` : ''}`,
    headers: { 'content-md5': md5 },
  })
  return {
    pieces: [bytes],
    mustRefuse: mustRefuse && isChanged && sub !== 'notification',
    mayClose: bytes.length > 60_000,
    note: `${method} ?${sub}: ${name}`,
  }
}

/** The digest of a body is required, and must be right. */
function wrongDigest(ctx) {
  const { random } = ctx
  const [method, sub, , body] = OPERATIONS[0]
  const md5 = random.pick(['', 'x', 'AAAAAAAAAAAAAAAAAAAAAA==', null])
  const { bytes } = signedRequest(ctx, {
    method,
    query: [[sub, '']],
    path: `/${ctx.settingsBucket}`,
    body: Buffer.from(body),
    headers: md5 === null ? {} : { 'content-md5': md5 },
  })
  return { pieces: [bytes], mustRefuse: true, note: `Content-MD5 ${md5}` }
}

const statement = (inner) => `{"Version":"2012-10-17","Statement":[{${inner}}]}`
const POLICIES = [
  '{',
  '[]',
  '"x"',
  '{"Statement":{}}',
  '\u0000',
  '{"a":1}x',
  '',
  statement(''),
  `{"Version":"2012-10-17","Statement":${'['.repeat(50_000)}`,
  '{"__proto__":{"x":1}}',
  statement('"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::another"'),
  statement('"Effect":"Maybe","Principal":"*","Action":"s3:GetObject","Resource":"*"'),
  `{"Version":"2012-10-17","Id":"${'x'.repeat(30_000)}","Statement":[]}`,
]

function brokenPolicy(ctx) {
  const body = Buffer.from(ctx.random.pick(POLICIES))
  const { bytes } = signedRequest(ctx, {
    method: 'PUT',
    query: [['policy', '']],
    body,
    path: `/${ctx.settingsBucket}`,
  })
  return { pieces: [bytes], mustRefuse: true }
}

export const XML_BODIES = [
  [10, changedBody],
  [1, wrongDigest],
  [2, brokenPolicy],
]
