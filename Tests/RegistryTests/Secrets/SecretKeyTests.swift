import Cloud
import CombinedConfiguration
import Foundation
import RegistryTestSupport
import ServiceSupport
import TestSupport
import Testing

@testable import Registry

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
            try Data("".utf8).write(to: URL(filePath: path))
            #expect { try SecretKey.load(path) } throws: { "\($0)".hasSuffix("does not hold 32 bytes in Base64") }
            let two = [UInt8](repeating: 7, count: 32)
            try Data((SecretKey.text(of: [two]) + "x\n").utf8).write(to: URL(filePath: path))
            #expect { try SecretKey.load(path) } throws: { error in
                "\(error)".hasSuffix("\(path):2 does not hold 32 bytes in Base64")
            }
            #expect { try SecretKey.load(path + "x") } throws: { "\($0)".hasSuffix("no such file") }
        }
    }

    @Test("the first key of several encrypts, all decrypt; text is told from other bytes")
    func severalKeys() throws {
        let (old, new) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        let both = try #require(SecretKey([new, old]))
        let former = try #require(SecretKey(old)).seal([0xFF], name: "a", revision: 3, by: "ops", at: "t")
        #expect(both.open(former) == [0xFF] && former.kind == .binary)
        let resealed = try both.resealing(former, value: [0xFF])
        #expect(SecretKey(new)?.open(resealed) == [0xFF] && SecretKey(old)?.open(resealed) == nil)
        #expect(resealed.stamp == former.stamp && resealed.revision == 3)
        #expect(try both.seal(Array("é".utf8), name: "a", revision: 1, by: "", at: "").kind == .text)
        #expect(SecretKey([[UInt8]]()) == nil && SecretKey([new, [1]]) == nil)
    }

    @Test("wherever a rekeying ends, the file has the keys of all secrets; the stamps stay")
    func rekeying() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "key").path
            try SecretKey.make(path)
            let registry = Registry(store: InMemoryStore())
            let before = try SecretKey.load(path)
            _ = try await registry.write(by: "ops", dryRun: false) { cloud, _ in
                for name in ["a", "b"] {
                    cloud.secrets[name] = try before.seal([1, 2], name: name, revision: 1, by: "ops", at: "")
                }
            }
            let stamps = try await registry.state().cloud.secrets.mapValues(\.stamp)
            let rekeying = SecretRekeying(registry: registry, keyFile: path)
            #expect(try await rekeying.run() == 2)
            let keys = try SecretKey.keys(in: path)
            #expect(keys.count == 1)
            let secrets = try await registry.state().cloud.secrets
            #expect(secrets.mapValues(\.stamp) == stamps)
            #expect(secrets.values.allSatisfy { before.open($0) == nil && SecretKey(keys)?.open($0) == [1, 2] })
            // What an attempt leaves that ended after its first step.
            try Data(SecretKey.text(of: keys + [SecretKey.random()]).utf8).write(to: URL(filePath: path))
            #expect(try await rekeying.check() == .init(secretsOfKeys: [2, 0], closed: []))
            #expect(try await rekeying.run() == 2)
            #expect(try await rekeying.check() == .init(secretsOfKeys: [2], closed: []))
            // A key that does not open them changes nothing.
            let text = SecretKey.text(of: [SecretKey.random()])
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(try await rekeying.check() == .init(secretsOfKeys: [0], closed: ["a", "b"]))
            await #expect(throws: SettingsError.self) { try await rekeying.run() }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }
    }
}
