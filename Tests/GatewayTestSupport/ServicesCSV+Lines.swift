import ServicesExport

extension ServicesCSV {
    /// A file of the lines, under the header that their number of cells belongs to.
    package static func file(of lines: [String]) -> [UInt8] {
        let cells = (lines.first ?? "").utf8.count { $0 == UInt8(ascii: ",") } + 1
        let version = Version.allCases.first { $0.columns.count == cells } ?? .newest
        return Array(([version.header] + lines).map { $0 + "\n" }.joined().utf8)
    }
}
