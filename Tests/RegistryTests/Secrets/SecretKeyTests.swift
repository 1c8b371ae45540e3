import Foundation
import Registry
import TestSupport
import Testing

@Suite("The key for secrets") struct SecretKeyTests {
    @Test("a key file is its owner's alone, holds 32 bytes, and is never overwritten")
    func keyFile() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "key").path
            try SecretKey.make(path)
            _ = try SecretKey.load(path)
            #expect { try SecretKey.make(path) } throws: { "\($0)" == "the key for secrets \(path): file exists" }
            for mode in [0o640, 0o604, 0o660] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                #expect { try SecretKey.load(path) } throws: { error in
                    "\(error)".contains("others may use it (mode \(String(mode, radix: 8))): chmod 600")
                }
            }
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try Data("c2hvcnQ=\n".utf8).write(to: URL(filePath: path))
            #expect { try SecretKey.load(path) } throws: { "\($0)".hasSuffix("does not hold 32 bytes in Base64") }
            #expect { try SecretKey.load(path + "x") } throws: { "\($0)".hasSuffix("no such file") }
        }
    }
}
