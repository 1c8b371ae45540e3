import Cloud
import Foundation
import JSON
import NetworkTypes
import Text

@testable import Versions

enum Samples {
    static let blob = Blob(
        digest: ContentDigest(of: "hello\n".utf8), size: 6, compressedSize: 15,
        compressedDigest: ContentDigest(of: "compressed".utf8))

    static let executable = FileMode(bits: 0o755)!
    static let plain = FileMode(bits: 0o644)!

    static func file(_ path: String, _ mode: FileMode = plain) -> Manifest.File {
        Manifest.File(path: path, mode: mode, blob: blob)
    }

    static let version = VersionName(type: "pgw", name: "1.5.0")

    /// A manifest of files with these paths, and nothing else.
    static func manifest(_ paths: String..., links: [(String, String)] = []) -> Manifest {
        var manifest = Manifest(version: version, files: paths.map { file($0) })
        manifest.links = links.map { Manifest.Link(path: $0.0, target: $0.1) }
        return manifest
    }

    /// A manifest that has everything.
    static var whole: Manifest {
        var manifest = Manifest(
            version: VersionName(type: "mdb", name: "2.0.0-rc.1+7", variant: "debug"),
            files: [
                file("bin/mdb", executable), file("lib/libmdb.so.1"), file("share/ä.txt"),
                file("sql/patches/0001.sql"), file("sql/schema.sql"),
            ])
        manifest.links = [
            .init(path: "lib/libmdb.so", target: "libmdb.so.1"), .init(path: "sbin/mdb", target: "../bin/mdb"),
        ]
        manifest.user = "mdb"
        var run = RunSection(command: ["bin/mdb", "--serve", ""])
        run.environment = [.init(name: "A", value: "1"), .init(name: "B_2", value: "x y")]
        run.stopSignal = .int
        run.stopTimeout = 90
        run.startTimeout = 120
        run.ready = .port(5432)
        run.workers = 4
        run.reload = .signal(.hup)
        run.watchdog = 30
        run.inheritance = .nginx
        manifest.run = run
        manifest.listen = [
            .init(name: "sql", transport: .tcp, ports: PortRange(5432)!),
            .init(name: "stats", transport: .udp, ports: PortRange(5432)!),
            .init(name: "devices", transport: .udp, ports: PortRange(6000, 6009)!, address: IPAddress("2001:db8::1")),
        ]
        manifest.tests = [
            .init(name: "self", action: .command(["sbin/mdb", "--check"]), timeout: 60, origin: .node),
            .init(
                name: "ping", action: .http(.init(method: "GET", port: 8080, path: "/ping", status: 200)), timeout: 10,
                origin: .outside),
        ]
        var backup = ServiceAction(name: "backup", command: ["/usr/bin/tar", "-c"])
        backup.arguments = [.init(name: "kind", kind: .words(["full", "fast"]), isOptional: true)]
        backup.every = 86_400
        var promote = ServiceAction(name: "promote", command: ["bin/mdb", "promote"])
        promote.arguments = [
            .init(name: "level", kind: .number(-1...9)),
            .init(name: "note", kind: .text(longest: 40), isOptional: true),
        ]
        manifest.actions = [backup, promote]
        manifest.directories = [.init(path: "logs"), .init(path: "data/mdb", storage: .db)]
        manifest.removedDirectories = ["data"]
        manifest.database = .init(name: "mdb", schema: "sql/schema.sql", patches: "sql/patches")
        manifest.limits = .init(memory: 1 << 30, cpu: 150, openFiles: 1_024, processes: 64)
        return manifest
    }

    /// The faults of JSON text as a manifest.
    static func faults(_ bytes: [UInt8]) -> [String] {
        do throws(ManifestError) {
            _ = try Manifest(reading: bytes)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    static func faults(_ manifest: Manifest) -> [String] { faults(manifest.bytes) }

    /// The text of the whole manifest with a part replaced.
    static func whole(_ part: String, _ replacement: String) -> [UInt8] {
        let text = String(decoding: whole.bytes, as: UTF8.self)
        precondition(text.contains(part), "\(part) is not in \(text)")
        return Array(text.replacingOccurrences(of: part, with: replacement).utf8)
    }
}

extension URL {
    /// A store in this folder.
    func store() throws -> VersionStore { try VersionStore(opening: appending(path: "store").path, making: true) }

    /// Writes a file below this folder, with the folders that it needs, and returns its path.
    @discardableResult
    func write(_ path: String, _ bytes: some Sequence<UInt8>, mode: Int = 0o644) throws -> String {
        let file = appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        return file.path
    }

    /// The paths of everything below this folder, sorted.
    var paths: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted()
    }
}

extension StoreSession {
    /// Adds a file of the system.
    func add(_ path: String) throws -> Blob { try add(try OpenFile.open(path)) }
}

extension BlobStore {
    /// All of a blob's content.
    func content(_ blob: Blob) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(blob) { bytes += $0 }
        return bytes
    }

    /// The path of a blob's compressed bytes.
    func path(of blob: Blob) -> String { "\(path)/blobs/\(Self.shard(blob.digest))/\(blob.digest)" }
}
