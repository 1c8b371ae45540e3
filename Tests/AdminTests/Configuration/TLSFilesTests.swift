import Foundation
import ServiceSupport
import TestSupport
import Testing

@testable import Admin

@Suite("TLS files") struct TLSFilesTests {
    @Test("a certificate and its key are taken; whatever else is in the files is told with the file's name")
    func loading() async throws {
        try await withTemporaryFolder { folder in
            func write(_ name: String, _ text: String) throws -> String {
                let file = folder.appending(path: name)
                try Data(text.utf8).write(to: file)
                return file.path
            }
            let certificate = try write("admin.pem", Self.certificate)
            let key = try write("admin.key", Self.key)
            let other = try write("other.key", Self.otherKey)
            let absent = folder.appending(path: "absent").path
            _ = try AdminSettings.TLSFiles(certificate: certificate, key: key).load()
            for (certificate, key, message) in [
                (absent, key, "tls-certificate \(absent): no such file"),
                (certificate, absent, "tls-key \(absent): no such file"),
                (other, key, "tls-certificate \(other): the file holds no certificate in PEM"),
                (certificate, certificate, "tls-key \(certificate): the file holds no private key in PEM"),
                (certificate, other, "tls-key \(other) is not the key of tls-certificate \(certificate)"),
            ] {
                #expect(throws: SettingsError(message)) {
                    try AdminSettings.TLSFiles(certificate: certificate, key: key).load()
                }
            }
        }
    }

    // Made for this test, and of use for nothing else; valid for a hundred years.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBiDCCAS2gAwIBAgIUH53DKTtFYCzXn/JWHvjPJTMoSW0wCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNYWRtaW4uZXhhbXBsZTAgFw0yNjExMjUwODA2MDlaGA8yMTI2
        MTEwMTA4MDYwOVowGDEWMBQGA1UEAwwNYWRtaW4uZXhhbXBsZTBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABFZmghFHOLjISA9G2RyAZmMG3rIpL/RBoDHvnJAXQ0NM
        2Zb7mdKMYHqR4NgIajdAjmFTgGHFnDACoxwSZ2SdWjWjUzBRMB0GA1UdDgQWBBTO
        zNgFmsOUM6afh7WSfeO8MSXCezAfBgNVHSMEGDAWgBTOzNgFmsOUM6afh7WSfeO8
        MSXCezAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCApsl5zGLS
        /P4MwkseODOehM257epH403vw/Vs6AxOagIhAPbupAbF/iWSd+fi3tShloLzrPvS
        SngjBqMj/i6qPg+r
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMUYESCyUZGkRQa9E
        O4YXpuMPI/lCrebFxBVp+mITmymhRANCAARWZoIRRzi4yEgPRtkcgGZjBt6yKS/0
        QaAx75yQF0NDTNmW+5nSjGB6keDYCGo3QI5hU4BhxZwwAqMcEmdknVo1
        -----END PRIVATE KEY-----
        """
    private static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzcbAfJPQ7/ccuraw
        8moTqJwQ1TvF32181Y4wa2DVRUChRANCAASvRZ3RDh8oIU0qT7wU4TOdfWbxANfM
        z2Xi5WfPZIRxRkwiV4/7kHX81dyI83jL+1ZebcJLBjk4qS2tJ7D3IOqB
        -----END PRIVATE KEY-----
        """
}
