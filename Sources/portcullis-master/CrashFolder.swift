import CMaster
import Glibc
import Supervision
import Text

/// The files about failed workers that the node takes and removes: `crashes/ID.json`.
final class CrashFolder {
    let path: String
    private let settings: MasterSettings
    private let boot: String
    /// Files for which there was no room (`CrashFile.most`).
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

    private func name(_ record: CrashRecord) -> String { identifier(record) + CrashFile.suffix }

    /// Whether the node may still want the file of this record.
    func has(_ record: CrashRecord) -> Bool { access("\(path)/\(name(record))", F_OK) == 0 }

    /// Writes a file and wakes the node.
    func write(_ record: CrashRecord) {
        let name = name(record)
        guard !has(record) else { return wait(record, name) }
        guard count < CrashFile.most else {
            dropped += 1
            return
        }
        let file = record.file(id: identifier(record), program: settings.program[0])
        if !FileBytes.replace("\(path)/\(name)", file.bytes, mode: 0o640) {
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
            if name.hasByteSuffix(CrashFile.suffix) { count += 1 }
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
