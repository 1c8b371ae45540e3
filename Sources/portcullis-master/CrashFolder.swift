import CMaster
import Glibc
import JSON
import Supervision
import Text

/// The files about failed workers that the node takes and removes: `crashes/ID.json`.
final class CrashFolder {
    /// The most files; more are dropped and counted.
    private static let most = 64

    let path: String
    private let settings: MasterSettings
    private let boot: String
    /// Files for which there was no room.
    private(set) var dropped: Int
    /// The processes of files that wait for the node.
    private var generations: [String: Int] = [:]

    init(settings: MasterSettings, boot: String, dropped: Int) {
        path = settings.directory + "/crashes"
        self.settings = settings
        self.boot = boot
        self.dropped = dropped
        mkdir(path, 0o750)
    }

    /// What the crash of a record is called.
    func identifier(_ record: CrashRecord) -> String {
        CrashRecord.identifier(
            boot: boot, service: settings.name, process: record.process, generation: record.generation)
    }

    private func file(_ record: CrashRecord) -> String { identifier(record) + ".json" }

    /// Whether the node may still want the file of this record.
    func has(_ record: CrashRecord) -> Bool { access("\(path)/\(file(record))", F_OK) == 0 }

    /// Writes a file and wakes the node.
    func write(_ record: CrashRecord) {
        let name = file(record)
        guard !has(record) else { return wait(record, name) }
        guard count < Self.most else {
            dropped += 1
            return
        }
        let value = record.json(id: String(name.dropLast(5)), program: settings.program[0])  // exact: ".json"
        if !FileBytes.replace("\(path)/\(name)", Array((value.description + "\n").utf8), mode: 0o640) {
            Log.say("\(path)/\(name): \(Log.text(errno))")
            return
        }
        wait(record, name)
        wakeNode()
    }

    private func wait(_ record: CrashRecord, _ name: String) {
        if record.isParked { generations[name] = record.generation }
    }

    /// The process whose file was removed.
    func removed(_ name: String) -> Int? { generations.removeValue(forKey: name) }

    private var count: Int {
        guard let folder = opendir(path) else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasByteSuffix(".json") { count += 1 }
        }
        return count
    }

    /// The message is no more than that: what it is about is in the files.
    private func wakeNode() {
        guard let node = settings.node else { return }
        let socket = master_connect(node, 0)
        guard socket >= 0 else { return }
        let text = Array("CRASH \(settings.name)".utf8)
        _ = text.withUnsafeBytes { master_send_text(socket, $0.baseAddress, $0.count) }
        close(socket)
    }
}
