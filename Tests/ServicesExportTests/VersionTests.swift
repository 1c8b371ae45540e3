import NetworkTypes
import ServicesExport
import Testing

@Suite("Versions of the export") struct VersionTests {
    @Test("a limit of connections is what version 2 adds, and version 1 cannot express")
    func limit() throws {
        let line = Line.two(Line.web1, maximumConnections: 5_000)
        let document = try parse(file(line, Line.two(Line.web2, maximumConnections: 5_000)))
        #expect(document.version == .two)
        #expect(document.groups.map(\.connection.options.maximumConnections) == [5_000])
        let row = try #require(document.rows.first)
        #expect(row.description == line)
        #expect(row.minimumVersion == .two)
        #expect(try parse(file(Line.web1)).rows.first?.minimumVersion == .one)
    }

    @Test("a file of another version is read afresh: every group is removed and added, and nothing else differs")
    func switching() throws {
        let one = try parse(file(Line.all))
        let (two, changes) = try one.updated(with: file(Line.all.map { Line.two($0) }))
        #expect(two.version == .two && two.rows == one.rows)
        #expect(changes.removed.count == one.groups.count && changes.added.count == one.groups.count)
        let (back, _) = try two.updated(with: file(Line.all))
        #expect(back.version == .one && back.rows == one.rows && back.bytes == one.bytes)
        // Within a version, what stays is not read again.
        #expect(try two.updated(with: two.bytes).changes.isEmpty)
    }

    @Test("an error is told at the same place whatever version was there before")
    func errors() throws {
        let bad = file(Line.two(Line.web1, maximumConnections: 1), Line.two(Line.web2, maximumConnections: 2))
        let error = try #require(throws: ServicesCSVError.self) { try parse(bad) }
        #expect(
            error.description
                == "services.csv:3:54: column \"max_connections\": \"2\" differs from \"1\" in line 2: rows of one virtual service must agree"
        )
        for previous in [file(Line.all), file(Line.all.map { Line.two($0) })] {
            let document = try parse(previous)
            #expect(throws: error) { try document.updated(with: bad) }
        }
    }

    @Test(
        "a limit is a number of 31 bits, and dnat has none",
        arguments: [
            ("", "must not be empty"), ("-1", "\"-1\" is not a number"), ("05", "\"05\" has a leading zero"),
            ("2147483648", "\"2147483648\" is out of range (0 to 2147483647)"),
        ])
    func range(text: String, message: String) throws {
        let line = Line.two(Line.web1).replacing(",0,0,,0,,", with: ",\(text),0,,0,,")
        #expect((#expect(throws: ServicesCSVError.self) { try parse(file(line)) })?.message == message)
        let dnat = Line.two(Line.dnat, maximumConnections: 1)
        #expect(
            (#expect(throws: ServicesCSVError.self) { try parse(file(dnat)) })?.message
                == "dnat counts no connections: max_connections must be 0")
    }

    @Test("the media type names every version but the first")
    func mediaType() {
        #expect(ServicesCSV.Version.one.contentType == "text/csv; charset=utf-8; header=present")
        #expect(ServicesCSV.Version.two.contentType == "text/csv; charset=utf-8; header=present; version=2")
        #expect(ServicesCSV.Version.acceptsAll == "text/csv; version=2, text/csv; version=1; q=0.5")
        for version in ServicesCSV.Version.allCases {
            #expect(ServicesCSV.Version(contentType: version.contentType) == version)
        }
        #expect(ServicesCSV.Version(contentType: "TEXT/CSV;Version=2") == .two)
        #expect(ServicesCSV.Version(contentType: "text/csv; a=\"; version=1\"; version=\"2\"") == .two)
        #expect(ServicesCSV.Version(contentType: "text/csv") == .one)
        for other in [
            "", "text/html", "text/csv; version=3", "text/csv; version=", "text/csv; version=02",
            "text/csv; version=+2",
            "text/csv; version=99999999999999999999", "text/csvx",
        ] {
            #expect(ServicesCSV.Version(contentType: other) == nil, "\(other)")
        }
    }
}
