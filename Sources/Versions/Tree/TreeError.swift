import Text

/// Why the versions of a service on a server cannot be changed.
package enum TreeError: Error, Sendable, Hashable {
    /// There is not so much room, in bytes.
    case noSpace(path: String, needed: Int, free: Int)
    /// There is not room for so many files.
    case noFiles(path: String, needed: Int, free: Int)
    /// The version is not on this server.
    case absent(ContentDigest)
    /// The version is `current` or `previous`.
    case inUse(ContentDigest, link: String)
    /// Something of this path is in the way.
    case inTheWay(String, reason: String)
}

extension TreeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSpace(let path, let needed, let free):
            "\(path.printable): \(ByteCount.text(needed)) are needed, and \(ByteCount.text(free)) are free; "
                + "nothing was written"
        case .noFiles(let path, let needed, let free):
            "\(path.printable): \(needed) files are to be made, and there is room for \(free); nothing was written"
        case .absent(let digest): "the version \(digest.short)… is not here"
        case .inUse(let digest, let link): "the version \(digest.short)… is \(link), and is not removed"
        case .inTheWay(let path, let reason): "\(path.printable) \(reason)"
        }
    }
}

/// Numbers of bytes for people.
package enum ByteCount {
    /// `512 B`, `1.5 KiB`, `200 MiB`: three digits at most.
    package static func text(_ bytes: Int) -> String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        while value >= 999.5, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        let tenths = (value * 10).rounded() / 10
        return unit == 0 || tenths >= 10 || tenths == tenths.rounded()
            ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths) \(units[unit])"
    }
}

/// How a tree differs from its manifest.
package struct TreeFault: Sendable, Hashable, CustomStringConvertible {
    /// Relative to the version's root.
    package let path: String
    package let kind: Kind

    package enum Kind: String, Sendable, Hashable {
        case missing = "is missing"
        case extra = "is not in the manifest"
        case content = "has another content"
        case mode = "has another mode"
        case kind = "is another kind of file"
        case target = "leads elsewhere"
    }

    package var description: String { "\(path.printable) \(kind.rawValue)" }
}
