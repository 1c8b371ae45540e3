import NetworkTypes
import ServicesExport
import TestSupport
import Testing

@Suite struct DocumentTests {
    @Test("rows of one connection are one group, its servers by address")
    func groups() throws {
        let document = try parse(file(Line.web2, Line.web1, Line.dnat))
        #expect(document.rowCount == 3)
        #expect(document.groups.count == 2)
        let web = try #require(document.groups.first { $0.connection.section == "http" })
        #expect(web.servers.map(\.service) == ["pgw.1", "pgw.2"])
        #expect(web.servers.map(\.weight) == [100, 50])
    }

    @Test("quotes are read where RFC 4180 has them")
    func quotes() throws {
        let quoted = Line.web1.split(separator: ",", omittingEmptySubsequences: false).map { "\"\($0)\"" }
            .joined(separator: ",")
        #expect(try parse(file(quoted)).rows == parse(file(Line.web1)).rows)
        // Of one connection with the unquoted row
        #expect(try parse(file(quoted, Line.web2)).groups.count == 1)
    }

    @Test("tcp and udp of one mark may have their rows in any order")
    func mark() throws {
        #expect(try parse(file(Line.markUDP, Line.markTCP)).groups.count == 2)
    }

    @Test("the same mark in the other address family is another virtual service")
    func markOfBothFamilies() throws {
        let line = "tg.0,devices,tcp,tg-ip6,2001:db8::37,20000-29999,257,masq,mh,300,900,,fd00::11,,100"
        #expect(try parse(file(Line.markTCP, line)).groups.count == 2)
    }

    @Test("a tunnel may lead to a server of the other family")
    func tunnel() throws {
        let line = "pgw.1,http,tcp,www-ip,198.51.100.36,80,,tunnel,wlc,0,,,fd00::11,80,100"
        #expect(try parse(file(line)).rows.first?.backendAddress == IPAddress("fd00::11"))
    }

    @Test("tcp, udp and sctp may share an address and a port")
    func protocols() throws {
        let others = ["udp", "sctp"].map { Line.web1.replacing(",tcp,", with: ",\($0),") }
        #expect(try parse(file(Line.web1, others[0], others[1])).groups.count == 3)
    }

    @Test("the one server of thousands whose weights differ under a mark is found in a moment", .timeLimit(.minutes(5)))
    func markOfManyServers() {
        let lines = ["tcp", "udp"].flatMap { transport in
            (0..<20_000).map { number in
                "tg.0,devices,\(transport),tg-ip,198.51.100.37,20000-29999,257,masq,mh,300,,,10.1.\(number >> 8)."
                    + "\(number & 255),,\(number == 19_999 && transport == "udp" ? 99 : 100)"
            }
        }
        let bytes = file(lines)
        // Looking the file through once for each server takes hours here.
        let error = #expect(throws: ServicesCSVError.self) { try parse(bytes) }
        #expect(error?.cell == .weight)
        #expect(error?.message.contains("one server of mark 257 has one weight") == true)
    }

    @Test("a file of more rows than the limit is refused before its rows are read")
    func rowLimit() {
        let row = Array(repeating: UInt8(ascii: ","), count: ServicesCSV.Version.one.columns.count - 1) + [0x0A]
        var bytes = Array((ServicesCSV.Version.one.header + "\n").utf8)
        for _ in 0..<ServicesCSV.maximumRows { bytes += row }
        #expect((#expect(throws: ServicesCSVError.self) { try parse(bytes) })?.line == 2)
        bytes += row
        let error = #expect(throws: ServicesCSVError.self) { try parse(bytes) }
        #expect(error?.description == "services.csv:1000002:1: more than 1000000 rows")
    }

    @Test("a file over 64 MiB is refused before it is read")
    func sizeLimit() {
        let bytes = [UInt8](repeating: 0x61, count: ServicesCSV.maximumSize + 1)
        let error = #expect(throws: ServicesCSVError.self) { try parse(bytes) }
        #expect(error?.description.contains("64 MiB") == true)
    }
}

@Suite struct UpdateTests {
    @Test("groups whose rows stay the same stay the same instances")
    func identity() throws {
        let before = try parse(file(Line.dnat, Line.web1, Line.web2, Line.web6, Line.markTCP))
        let changed = Line.web2.dropLast(2) + "75"
        let (after, changes) = try before.updated(
            with: file(Line.dnat, Line.web1, String(changed), Line.web6, Line.markTCP))
        #expect(changes.removed.count == 1)
        #expect(changes.added.count == 1)
        #expect(changes.added[0].servers.map(\.weight) == [100, 75])
        for group in after.groups where group !== changes.added[0] {
            #expect(before.groups.contains { $0 === group })
        }
    }

    @Test("the same file again changes nothing")
    func unchanged() throws {
        let before = try parse(file(Line.dnat, Line.web1))
        let (after, changes) = try before.updated(with: file(Line.dnat, Line.web1))
        #expect(changes.isEmpty)
        #expect(zip(before.groups, after.groups).allSatisfy { $0 === $1 })
    }

    @Test("rows in another order change nothing")
    func reordered() throws {
        let before = try parse(file(Line.dnat, Line.web1, Line.web2))
        let (after, changes) = try before.updated(with: file(Line.web2, Line.web1, Line.dnat))
        #expect(changes.isEmpty)
        #expect(after.rows == before.rows)
    }

    @Test("an instance that is renamed is a change, though no server's address is")
    func renamed() throws {
        let before = try parse(file(Line.web1))
        let (_, changes) = try before.updated(with: file(Line.web1.replacing("pgw.1", with: "pgw.9")))
        #expect(changes.added.map { $0.servers[0].service } == ["pgw.9"])
    }

    @Test("another drain time is another connection, with the same servers")
    func drainTime() throws {
        let before = try parse(file(Line.web1))
        let (_, changes) = try before.updated(with: file(Line.web1.replacing("wlc,0,,", with: "wlc,0,30,")))
        #expect(changes.removed.map(\.connection.drainTime) == [nil])
        #expect(changes.added.map(\.connection.drainTime) == [30])
        #expect(changes.added.map(\.servers) == changes.removed.map(\.servers))
    }

    @Test("a refused file leaves the document as it was, and the next good one is read against it")
    func refused() throws {
        let document = try parse(file(Line.web1))
        #expect(throws: ServicesCSVError.self) { try document.updated(with: file(Line.web1, Line.web1)) }
        #expect(try document.updated(with: file(Line.web1, Line.web2)).document.rowCount == 2)
    }

    @Test("a claim that a change frees can be taken by another connection in the same change")
    func claimMoves() throws {
        let document = try parse(file(Line.web1))
        let moved = Line.web1.replacing("http", with: "site")
        let (after, changes) = try document.updated(with: file(moved))
        #expect(after.groups.count == 1)
        #expect(changes.removed.count == 1 && changes.added.count == 1)
    }

    @Test("any sequence of updates reads as the last file afresh", arguments: 1...20)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var document = ServicesDocument.empty
        for _ in 0..<30 {
            let rows = (0..<Int.random(in: 0...12, using: &random)).map { _ in Self.row(&random) }
            let bytes = ServicesCSV.write(rows)
            let fresh = Result { () throws(ServicesCSVError) in try parse(bytes) }
            let updated = Result { () throws(ServicesCSVError) in try document.updated(with: bytes) }
            switch (fresh, updated) {
            case (.success(let fresh), .success(let updated)):
                #expect(fresh.rows == updated.document.rows)
                #expect(fresh.rowCount == updated.document.rowCount)
                var groups = Set(document.groups.map(ObjectIdentifier.init))
                groups.subtract(updated.changes.removed.map(ObjectIdentifier.init))
                groups.formUnion(updated.changes.added.map(ObjectIdentifier.init))
                #expect(groups == Set(updated.document.groups.map(ObjectIdentifier.init)))
                document = updated.document
            case (.failure(let fresh), .failure(let updated)): #expect(fresh == updated)
            default: Issue.record("only one way of reading refuses the file")
            }
        }
    }

    @Test("quoted cells that read like another connection's key are still read as what they are")
    func shiftedCells() throws {
        // The first cell is empty, and the next one holds what would be two: joined they are the key of web1.
        let shifted = "pgw.3,,\"http,tcp\",www-ip,198.51.100.36,80,,masq,wlc,0,,,10.1.0.13,8080,100"
        let bytes = file(Line.web1, shifted)
        let document = try parse(file(Line.web1))
        let fresh = try #require(throws: ServicesCSVError.self) { try parse(bytes) }
        #expect(throws: fresh) { try document.updated(with: bytes) }
        #expect(fresh.cell == .section)
    }

    @Test(
        "whatever is done to the bytes of a file, reading it against the one before gives what reading afresh does",
        arguments: 1...40)
    func hostile(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var document = try parse(file(Line.dnat, Line.web1, Line.web2, Line.web6, Line.markTCP, Line.markUDP))
        for _ in 0..<60 {
            var bytes = document.bytes
            for _ in 0...Int.random(in: 0...3, using: &random) { Self.damage(&bytes, &random) }
            let fresh = Result { () throws(ServicesCSVError) in try parse(bytes) }
            let updated = Result { () throws(ServicesCSVError) in try document.updated(with: bytes) }
            switch (fresh, updated) {
            case (.success(let fresh), .success(let updated)):
                #expect(fresh.rows == updated.document.rows)
                #expect(fresh.rowCount == updated.document.rowCount)
                var groups = Set(document.groups.map(ObjectIdentifier.init))
                groups.subtract(updated.changes.removed.map(ObjectIdentifier.init))
                groups.formUnion(updated.changes.added.map(ObjectIdentifier.init))
                #expect(groups == Set(updated.document.groups.map(ObjectIdentifier.init)))
                document = updated.document
            case (.failure(let fresh), .failure(let updated)): #expect(fresh == updated)
            default: Issue.record("only one way of reading refuses \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    /// One edit: of a line, of a cell, of the quotes around cells, of bytes.
    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
        guard lines.count > 1 else { return }
        let line = Int.random(in: 1..<lines.count, using: &random)
        let kind = Int.random(in: 0..<10, using: &random)
        guard kind > 0 else {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
            return
        }
        var cells = lines[line].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let cell = Int.random(in: 0..<cells.count, using: &random)
        switch kind {
        case 1: lines.remove(at: line)
        case 2: lines.append(lines[line])
        case 3: lines.swapAt(line, Int.random(in: 1..<lines.count, using: &random))
        case 4, 5:
            // Two cells become one, and an empty one takes the place that is free.
            let next = min(cell + 1, cells.count - 1)
            let joined = "\"\(cells[cell]),\(cells[next])\""
            cells.replaceSubrange(cell...next, with: Bool.random(using: &random) ? ["", joined] : [joined, ""])
        case 6: cells[cell] = "\"\(cells[cell])\""
        case 7: cells[cell] = ""
        case 8:
            let other = lines[Int.random(in: 1..<lines.count, using: &random)]
            cells[cell] = other.split(separator: ",").randomElement(using: &random).map(String.init) ?? ""
        default: cells[cell] += [" ", "0", "\"", "\r", ",", "\u{301}"].randomElement(using: &random)!
        }
        if kind > 3 { lines[line] = cells.joined(separator: ",") }
        bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// Rows from a small world, so that connections, servers and contradictions repeat.
    private static func row(_ random: inout SeededGenerator) -> ExportRow {
        let host = UInt32.random(in: 0...6, using: &random)
        let port = UInt16.random(in: 80...83, using: &random)
        return ExportRow(
            service: "pgw.\(host)", section: "s\(port)", transport: Bool.random(using: &random) ? .tcp : .udp,
            addressName: "www-ip", addresses: [IPAddress(ipv4: 0xC633_6424)], ports: [PortRange(port)!],
            backendAddress: IPAddress(ipv4: 0x0A01_0000 + host), backendPort: 8080,
            weight: Int.random(in: 0...2, using: &random))
    }
}
