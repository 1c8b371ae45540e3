import ServicesExport
import Testing

/// What a header says of the versions of ADMIN and gateway; the messages are in `fixtures/csv/bad/header-*.txt`.
@Suite struct HeaderTests {
    private static let names = ServicesCSV.Version.one.columns.map(\.name)

    private func code(_ names: [String]) -> ServicesCSVError.Code? {
        let bytes = Array((names.joined(separator: ",") + "\n").utf8)
        do throws(ServicesCSVError) {
            _ = try parse(bytes)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a header that lacks columns is of an older format, whichever they are", arguments: names)
    func older(missing: String) {
        #expect(code(Self.names.filter { $0 != missing }) == .olderFormat)
        #expect(code([missing]) == .olderFormat)
    }

    @Test("a header with all columns and others is of a newer format, wherever they stand", arguments: 0...names.count)
    func newer(place: Int) {
        var names = Self.names
        names.insert("zone", at: place)
        #expect(code(names) == .newerFormat)
        #expect(code(names.reversed()) == .newerFormat)
    }

    @Test("the header of each version is read as that version")
    func versions() throws {
        for version in ServicesCSV.Version.allCases {
            #expect(code(version.columns.map(\.name)) == nil)
            #expect(try parse(ServicesCSV.write([], version)).version == version)
        }
        #expect(
            ServicesCSV.Version.two.columns.map(\.name) == Self.names.dropLast(3) + [
                "max_connections", "max_rate", "limit", "one_packet", "persistence_mask", "hairpin", "check",
                "slow_start", "minimum", "sorry", "except",
            ] + Self.names.suffix(3))
        // All columns of the newest, but not in their places.
        #expect(code(ServicesCSV.Version.two.columns.map(\.name).reversed()) == .invalid)
    }

    @Test("a header that lacks some and has others is neither")
    func neither() {
        #expect(code(Self.names.map { $0 == "weight" ? "share" : $0 }) == .invalid)
        #expect(code(Self.names.reversed()) == .invalid)
        #expect(code(Self.names + ["weight"]) == .invalid)
        #expect(code(Self.names + ["a b"]) == .invalid)
        #expect(code(Self.names + (0..<1000).map { "column_\($0)" }) == .invalid)
        #expect(code(["<html>"]) == .invalid)
    }

    @Test("a file that breaks a rule below its header is invalid, not of another format")
    func invalid() {
        let error = #expect(throws: ServicesCSVError.self) { try parse(file(Line.web1, Line.web1)) }
        #expect(error?.code == .invalid)
    }
}
