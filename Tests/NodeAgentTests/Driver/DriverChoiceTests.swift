import NodeAgent
import Testing

@Suite struct DriverChoiceTests {
    typealias Machine = DriverChoice.Machine

    private let ready = Machine(isRoot: true, isBooted: true)

    @Test func autoTakesSystemdWhereItCanBe() throws {
        #expect(try DriverChoice(.auto, ready).driver == .systemd)
        for machine in [Machine(isRoot: false, isBooted: true), Machine(isRoot: true, isBooted: false)] {
            let choice = try DriverChoice(.auto, machine)
            #expect(choice.driver == .process && choice.problem == nil)
        }
    }

    @Test func aSystemdThatDoesNotAnswerIsTold() throws {
        let choice = try DriverChoice(.auto, Machine(isRoot: true, isBooted: true, silence: "systemd: timed out"))
        #expect(choice.driver == .process)
        #expect(choice.problem == "services are started without systemd: systemd: timed out")
    }

    @Test(arguments: [
        (Machine(isRoot: true, isBooted: false), "process 1"), (Machine(isRoot: false, isBooted: true), "not root"),
        (Machine(isRoot: true, isBooted: true, silence: "no answer"), "no answer"),
    ]) func systemdThatCannotBeIsRefused(machine: Machine, reason: String) {
        #expect {
            _ = try DriverChoice(.systemd, machine)
        } throws: { error in
            "\(error)".contains("driver: systemd") && "\(error)".contains(reason)
        }
    }

    @Test func processIsAlwaysPossible() throws {
        #expect(try DriverChoice(.process, ready) == DriverChoice(.auto, Machine(isRoot: false, isBooted: false)))
    }
}
