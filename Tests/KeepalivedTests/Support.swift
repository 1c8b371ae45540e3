import Keepalived
import NetworkTypes
import Testing

/// Files in memory; a pattern ends with `*` or names one file.
struct MemoryFiles {
    var texts: [String: String]

    var files: KeepalivedFiles {
        KeepalivedFiles(
            read: { path in texts[path].map { .success($0) } ?? .failure(.init(reason: "no such file")) },
            matching: { pattern in
                texts.keys.filter { pattern.hasSuffix("*") ? $0.hasPrefix(pattern.dropLast()) : $0 == pattern }.sorted()
            })
    }
}

func imported(
    _ text: String, others: [String: String] = [:], id: String? = nil, marks: [UInt32: MarkedPorts] = [:]
) throws(KeepalivedError) -> KeepalivedImport {
    let files = MemoryFiles(texts: others.merging(["k.conf": text]) { $1 })
    return try KeepalivedImport(
        reading: "k.conf", of: files.files, .init(location: "main", configurationID: id, marks: marks))
}

/// The message of the error that the text gives.
func fault(
    _ text: String, others: [String: String] = [:], id: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
) -> String {
    #expect(throws: KeepalivedError.self, sourceLocation: sourceLocation) {
        try imported(text, others: others, id: id)
    }?.description ?? ""
}

/// A virtual server with one real server, and lines in each.
func virtualServer(_ lines: String = "", real: String = "") -> String {
    "virtual_server 198.51.100.36 80 {\n\(lines)\nreal_server 10.1.0.11 8080 {\n\(real)\n}\nprotocol TCP\n}\n"
}
