// GetBucketLocation: us-east-1 is written as nothing, as it was before there were others.

import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../../s3/xml-write.ts'
import type { Call } from '../operation.ts'

export async function getBucketLocation({ exchange, services }: Call): Promise<void> {
  const { region } = services.settings
  const text = region === 'us-east-1' ? '' : escapeXml(region)
  exchange.sendDocument(
    `${XML_DECLARATION}<LocationConstraint ${XML_NAMESPACE}>${text}</LocationConstraint>`,
  )
  return await Promise.resolve()
}
