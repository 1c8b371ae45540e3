import ServiceSupport
import Text

/// Where the code at an address is from: the same in each process of a program, wherever the kernel has put it.
struct CodePlace: Sendable, Hashable, CustomStringConvertible {
    var module: String
    /// In bytes from the beginning of the module's file.
    var offset: UInt64

    /// `bin/tg+0x1a2b` of `/srv/portcullis/tg.1/versions/…/bin/tg`.
    var description: String {
        "\(module.splitBytes("/").last.map(String.init) ?? module)+0x\(String(offset, radix: 16))"
    }

    /// - Parameter maps: the text of /proc/PID/maps.
    init?(_ address: UInt64, maps: String) {
        for line in maps.splitBytes("\n") {
            let fields = line.splitBytes(" ", maxSplits: 5)
            guard fields.count == 6 else { continue }
            let ends = fields[0].splitBytes("-").map { UInt64($0, radix: 16) }
            guard ends.count == 2, let start = ends[0], let end = ends[1], (start..<max(end, start)).contains(address),
                let offset = UInt64(fields[2], radix: 16)
            else { continue }
            let path = fields[5].utf8.drop { $0 == 0x20 }
            guard path.first == UInt8(ascii: "/") else { return nil }
            module = String(path) ?? ""
            self.offset = address - start + offset
            return
        }
        return nil
    }

    /// Of a process that lives; `nil` if the address is in no file.
    init?(_ address: UInt64, in process: Int32) {
        guard let maps = (try? Files.read("/proc/\(process)/maps", limit: 8 << 20)).flatMap({ $0 }) else { return nil }
        self.init(address, maps: String(decoding: maps, as: UTF8.self))
    }
}
