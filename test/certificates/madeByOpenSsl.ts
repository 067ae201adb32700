/**
 * A CA as OpenSSL makes one, with names in UTF8String that need no more than a PrintableString:
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -utf8
 *   -subj "/C=DE/O=Bäcker & Söhne/CN=plain"
 */
export const madeByOpenSsl = {
  cert: `-----BEGIN CERTIFICATE-----
MIIByDCCAW2gAwIBAgIUNCAk9wZy2LSiSJ9FXNSoHSR5i24wCgYIKoZIzj0EAwIw
ODELMAkGA1UEBhMCREUxGTAXBgNVBAoMEELDpGNrZXIgJiBTw7ZobmUxDjAMBgNV
BAMMBXBsYWluMCAXDTI2MTEyNTAxMTYzN1oYDzIxMjYxMTAxMDExNjM3WjA4MQsw
CQYDVQQGEwJERTEZMBcGA1UECgwQQsOkY2tlciAmIFPDtmhuZTEOMAwGA1UEAwwF
cGxhaW4wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATpz+2AjiPKn5Vye8UVznU8
2kd5IGMRgoNsrAW17U3TOfOKWhvDXIgZuHlD+Cx8lwhiiZMgLFcW9gMsOdsB/9Gu
o1MwUTAdBgNVHQ4EFgQUGip/hSOpDa6qnPywG64ugF+5QEkwHwYDVR0jBBgwFoAU
Gip/hSOpDa6qnPywG64ugF+5QEkwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNJADBGAiEA0kUab7TsZJmI3S3tnYit5p4xIob9K9EVoar3q3NSuHsCIQCgZGac
DVXRJWSVi7uGaqmnjwVaIUyyPzNw3K1ToPn5yA==
-----END CERTIFICATE-----
`,
  /** Who it is, in DER. */
  subject: Buffer.from('MDgxCzAJBgNVBAYTAkRFMRkwFwYDVQQKDBBCw6Rja2VyICYgU8O2aG5lMQ4wDAYDVQQDDAVwbGFpbg==', 'base64'),
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbIsK55WJXLkEe3RW
yvgtQqksWf8EH04BR7JFFSY+WW6hRANCAATpz+2AjiPKn5Vye8UVznU82kd5IGMR
goNsrAW17U3TOfOKWhvDXIgZuHlD+Cx8lwhiiZMgLFcW9gMsOdsB/9Gu
-----END PRIVATE KEY-----
`,
};
