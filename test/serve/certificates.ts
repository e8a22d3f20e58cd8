// Two certificates for 127.0.0.1 with their keys, valid for a hundred years and trusted by nobody:
// a machine that runs the tests needs no tool to make them.

export interface Pair {
  readonly cert: string
  readonly key: string
}

/** Its subject's name is `first`. */
export const FIRST: Pair = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBiTCCAS6gAwIBAgIUZPUb8KtET/nSkosiybEw73WTMWwwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTI2MTcwMTEwWhgPMjEyNjExMDIxNzAx
MTBaMBAxDjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
Qgn6Y9Ywn6QkY5Fe18dJ288ZpVUFRwDYPvjDPmwI73QOJUlHraj85rnsIMDC6rq9
gCGqq1nxA/7PuuB8eikH/6NkMGIwHQYDVR0OBBYEFOZSd/pkZrywrwCDsTV2259W
wiW4MB8GA1UdIwQYMBaAFOZSd/pkZrywrwCDsTV2259WwiW4MA8GA1UdEwEB/wQF
MAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJADBGAiEAtET27PWo
FGSqOj9DOXhctK+LQIN9C/nbTL12wEZrjlYCIQCGFj4ACG0ypZASRaZ4PvOZ0mNd
Ocfbgg+4gQ/aQ0fm/Q==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglm/JL/ZRNBTdQCgA
xTnSH+vIc0HzrWiKHiwM/DPpnIahRANCAARCCfpj1jCfpCRjkV7Xx0nbzxmlVQVH
ANg++MM+bAjvdA4lSUetqPzmuewgwMLqur2AIaqrWfED/s+64Hx6KQf/
-----END PRIVATE KEY-----
`,
}

/** Its subject's name is `second`. */
export const SECOND: Pair = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBiTCCATCgAwIBAgIUb+HOgzOYmu79fKe8p4Bntk2TrekwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGc2Vjb25kMCAXDTI2MTEyNjE3MDExMFoYDzIxMjYxMTAyMTcw
MTEwWjARMQ8wDQYDVQQDDAZzZWNvbmQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATnWSND4V1Hp38n6G9wa+lrGyU+kmgdZFx0GtdY7mlWiBdIcoM6X4rx/VNRZ21W
KyXAnVb0nOWoNCMfq8p7fQRio2QwYjAdBgNVHQ4EFgQUfmC2lDvBPr9Igsy9P8ib
LUYTqOwwHwYDVR0jBBgwFoAUfmC2lDvBPr9Igsy9P8ibLUYTqOwwDwYDVR0TAQH/
BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQCICbb2X+4
naDmNBpr9/HtTN9kGHZYPr0Ng5dsZ+L7mduGAiAYdj37NmQVw4wcljdchXoJu0yY
aPP8XNildnzYHastyg==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE11Ha0w3dDywCQny
qFMsuhJzpRRB+gDx/Xt+RbdHa82hRANCAATnWSND4V1Hp38n6G9wa+lrGyU+kmgd
ZFx0GtdY7mlWiBdIcoM6X4rx/VNRZ21WKyXAnVb0nOWoNCMfq8p7fQRi
-----END PRIVATE KEY-----
`,
}
