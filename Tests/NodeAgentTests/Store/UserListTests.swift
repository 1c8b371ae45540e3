import NodeAgent
import Testing
import Text

@Suite struct UserListTests {
    private func fault(_ text: String) -> String? {
        do throws(LaunchError) {
            _ = try UserList(reading: Array(text.utf8))
            return nil
        } catch {
            return error.description
        }
    }

    @Test func eachServiceGetsTheFirstNumberThatIsFreeAndKeepsIt() throws {
        var list = UserList()
        #expect(list.give("pgw.1", from: 10...11) == 10)
        #expect(list.give("pgw.2", from: 10...11) == 11)
        #expect(list.give("pgw.3", from: 10...11) == nil)
        #expect(list.bytes == Array("users 1\npgw.1 10\npgw.2 11\nend\n".utf8))
        #expect(try UserList(reading: list.bytes) == list)
        #expect(try UserList(reading: UserList().bytes) == UserList())
    }

    @Test func theFileOfAnEarlierBuildIsRead() throws {
        let list = try UserList(reading: Array("mdb.1 12\npgw.1 10\n".utf8))
        #expect(list.numbers == ["mdb.1": 12, "pgw.1": 10])
    }

    @Test func aFileThatIsNotWholeIsRefused() {
        let whole = "users 1\npgw.1 10\npgw.2 11\nend\n"
        for count in 0..<whole.utf8.count { #expect(fault(String(whole.prefix(count))) != nil) }
        #expect(fault("") == "it is empty, or cut off")
        #expect(fault("pgw.1 10\npgw.2 1") == "its last line is cut off")
        #expect(fault("users 1\npgw.1 10\n") == "it is cut off: its last line is not \"end\"")
        #expect(fault("pgw.1 ten\n") == "the line \"pgw.1 ten\" is no service with a number")
        #expect(fault("users 1\n../1 10\nend\n") == "the line \"../1 10\" is no service with a number")
        #expect(fault("pgw.1 10\npgw.2 10\n") == "pgw.1 and pgw.2 have the same number 10")
        #expect(fault("pgw.1 10\npgw.1 11\n") == "pgw.1 has two numbers")
    }
}
