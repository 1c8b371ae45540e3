import AdminAPI
import Foundation
import GRDB
import JSON

extension CrashGroupHead {
    init(_ row: Row) throws {
        self.init(
            fingerprint: row["fingerprint"], kind: try CrashKind(stored: row["kind"]), signal: row["signal"],
            function: row["function"], lastSeen: row["lastSeen"], touchedAt: row["touchedAt"])
    }
}

extension StoredTally {
    init(_ row: Row) throws {
        self.init(
            key: Key(type: row["type"], service: row["service"], server: row["server"], digest: row["digest"]),
            count: row["count"], firstSeen: row["firstSeen"], lastSeen: row["lastSeen"],
            lastReport: row["lastReport"], lastService: row["lastService"], lastServer: row["lastServer"],
            lastVersion: CrashVersion(digest: row["lastDigest"], name: row["lastName"], variant: row["lastVariant"]))
    }
}

extension StoredCrash {
    init(_ row: Row) throws {
        let frames = FaultList(.tolerant)
        let text: String = row["frames"]
        let json = try? JSONParser.parse(Array(text.utf8))
        let report = CrashReport(
            id: row["id"], service: row["service"], version: row["digest"], worker: row["worker"], pid: row["pid"],
            at: row["at"], kind: try CrashKind(stored: row["kind"]), signal: row["signal"], exitCode: row["exitCode"],
            fingerprint: row["ownFingerprint"], program: row["program"],
            frames: json.flatMap { Form<[CrashFrame]>.frames.read(JSONField($0, list: frames)) } ?? [],
            threads: row["threads"], text: String(decoding: row["text"] as Data, as: UTF8.self),
            dumpSize: row["dumpSize"], problem: row["problem"])
        self.init(
            report, from: row["server"],
            version: CrashVersion(digest: row["digest"], name: row["name"], variant: row["variant"]),
            receivedAt: row["receivedAt"])
        seenAt = row["seenAt"]
        group = row["fingerprint"]
    }
}

extension CrashKind {
    init(stored text: String) throws {
        guard let kind = Self(rawValue: text) else { throw CloudRows.unreadable("the kind of a crash") }
        self = kind
    }
}
