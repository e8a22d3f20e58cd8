// VersioningConfiguration, both ways. MFA delete is refused by name.

import { S3Error } from '../s3-error.ts'
import { malformed, parseXml, textOf } from '../xml-read.ts'
import { XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'

/** @throws S3Error `IllegalVersioningConfigurationException`, `MalformedXML`, `NotImplemented` */
export function parseVersioning(body: Uint8Array): 'enabled' | 'suspended' {
  const root = parseXml(body, 'VersioningConfiguration')
  if (textOf(root, 'MfaDelete') === 'Enabled') throw new S3Error('NotImplemented')
  const status = textOf(root, 'Status')
  if (status === 'Enabled') return 'enabled'
  if (status === 'Suspended') return 'suspended'
  if (status === null) throw new S3Error('IllegalVersioningConfigurationException')
  throw malformed(`Status is ${status}`)
}

export function renderVersioning(versioning: 'unversioned' | 'enabled' | 'suspended'): string {
  const status = versioning === 'enabled' ? 'Enabled' : 'Suspended'
  const inner = versioning === 'unversioned' ? '' : `<Status>${status}</Status>`
  return `${XML_DECLARATION}<VersioningConfiguration ${XML_NAMESPACE}>${inner}</VersioningConfiguration>`
}
