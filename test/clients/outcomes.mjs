// How a case or a client can end other than by success or failure.

/** What installs every client. */
export const INSTALLER = 'tools/install-test-tools.sh'

/** The client is not installed; the message says what would install it. */
export class ClientMissing extends Error {
  name = 'ClientMissing'
}

/** A case that does not apply here; the message says why. */
export class CaseSkipped extends Error {
  name = 'CaseSkipped'
}
