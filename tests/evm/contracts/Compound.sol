// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {VotesToken} from "./Votes.sol";

/// A voting token that also answers as COMP does.
contract PriorVotesToken is VotesToken {
    constructor(string memory name_, string memory symbol_, uint256 supply) VotesToken(name_, symbol_, supply) {}

    function getPriorVotes(address account, uint256 blockNumber) external view returns (uint96) {
        return uint96(getPastVotes(account, blockNumber));
    }
}

/// Waits and acts as Compound's timelock does, with a delay of choice.
contract WaitingLock {
    event NewAdmin(address indexed newAdmin);
    event CancelTransaction(
        bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data, uint256 eta
    );
    event ExecuteTransaction(
        bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data, uint256 eta
    );
    event QueueTransaction(
        bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data, uint256 eta
    );

    uint256 public constant GRACE_PERIOD = 14 days;
    uint256 public immutable delay;
    address public admin;
    mapping(bytes32 => bool) public queuedTransactions;

    constructor(uint256 delay_) {
        (admin, delay) = (msg.sender, delay_);
    }

    receive() external payable {}

    modifier onlyAdmin() {
        require(msg.sender == admin, "WaitingLock: not the admin");
        _;
    }

    function handOver(address admin_) external onlyAdmin {
        admin = admin_;
        emit NewAdmin(admin_);
    }

    function queueTransaction(address to, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
        onlyAdmin
        returns (bytes32 key)
    {
        require(eta >= block.timestamp + delay, "WaitingLock: too soon");
        key = keccak256(abi.encode(to, value, signature, data, eta));
        queuedTransactions[key] = true;
        emit QueueTransaction(key, to, value, signature, data, eta);
    }

    function cancelTransaction(address to, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
        onlyAdmin
    {
        bytes32 key = keccak256(abi.encode(to, value, signature, data, eta));
        queuedTransactions[key] = false;
        emit CancelTransaction(key, to, value, signature, data, eta);
    }

    function executeTransaction(address to, uint256 value, string memory signature, bytes memory data, uint256 eta)
        external
        payable
        onlyAdmin
        returns (bytes memory)
    {
        bytes32 key = keccak256(abi.encode(to, value, signature, data, eta));
        require(queuedTransactions[key], "WaitingLock: not queued");
        require(block.timestamp >= eta && block.timestamp <= eta + GRACE_PERIOD, "WaitingLock: not now");
        queuedTransactions[key] = false;
        bytes memory call_ = bytes(signature).length == 0
            ? data
            : abi.encodePacked(bytes4(keccak256(bytes(signature))), data);
        (bool ok, bytes memory answer) = to.call{value: value}(call_);
        require(ok, "Timelock::executeTransaction: Transaction execution reverted.");
        emit ExecuteTransaction(key, to, value, signature, data, eta);
        return answer;
    }
}

/// Counts, waits and decides as GovernorBravo does: only votes for count toward a fixed quorum.
contract PlainBravo {
    event ProposalCreated(
        uint256 id,
        address proposer,
        address[] targets,
        uint256[] values,
        string[] signatures,
        bytes[] calldatas,
        uint256 startBlock,
        uint256 endBlock,
        string description
    );
    event VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 votes, string reason);
    event ProposalCanceled(uint256 id);
    event ProposalQueued(uint256 id, uint256 eta);
    event ProposalExecuted(uint256 id);

    enum ProposalState {
        Pending,
        Active,
        Canceled,
        Defeated,
        Succeeded,
        Queued,
        Expired,
        Executed
    }

    struct Proposal {
        uint256 id;
        address proposer;
        uint256 eta;
        uint256 startBlock;
        uint256 endBlock;
        uint256 forVotes;
        uint256 againstVotes;
        uint256 abstainVotes;
        bool canceled;
        bool executed;
    }

    struct Calls {
        address[] targets;
        uint256[] values;
        string[] signatures;
        bytes[] calldatas;
    }

    uint256 public constant initialProposalId = 0;
    uint256 public constant proposalThreshold = 0;
    uint256 public immutable quorumVotes;
    uint256 public immutable votingDelay;
    uint256 public immutable votingPeriod;
    PriorVotesToken public immutable comp;
    WaitingLock public immutable timelock;
    uint256 public proposalCount;
    mapping(uint256 => Proposal) public proposals;
    mapping(address => uint256) public latestProposalIds;
    mapping(uint256 => Calls) private _calls;
    mapping(uint256 => mapping(address => bool)) private _voted;

    constructor(PriorVotesToken comp_, WaitingLock timelock_, uint256 quorum, uint256 delay, uint256 period) {
        (comp, timelock, quorumVotes, votingDelay, votingPeriod) = (comp_, timelock_, quorum, delay, period);
    }

    function propose(
        address[] memory targets,
        uint256[] memory values,
        string[] memory signatures,
        bytes[] memory calldatas,
        string memory description
    ) external returns (uint256 id) {
        uint256 latest = latestProposalIds[msg.sender];
        require(latest == 0 || uint8(state(latest)) > uint8(ProposalState.Active), "PlainBravo: one at a time");
        id = ++proposalCount;
        latestProposalIds[msg.sender] = id;
        uint256 start = block.number + votingDelay;
        proposals[id] = Proposal(id, msg.sender, 0, start, start + votingPeriod, 0, 0, 0, false, false);
        _calls[id] = Calls(targets, values, signatures, calldatas);
        emit ProposalCreated(
            id, msg.sender, targets, values, signatures, calldatas, start, start + votingPeriod, description
        );
    }

    function queue(uint256 id) external {
        require(state(id) == ProposalState.Succeeded, "PlainBravo: not succeeded");
        uint256 eta = block.timestamp + timelock.delay();
        Calls storage c = _calls[id];
        for (uint256 i = 0; i < c.targets.length; i++) {
            timelock.queueTransaction(c.targets[i], c.values[i], c.signatures[i], c.calldatas[i], eta);
        }
        proposals[id].eta = eta;
        emit ProposalQueued(id, eta);
    }

    function execute(uint256 id) external payable {
        require(state(id) == ProposalState.Queued, "PlainBravo: not queued");
        proposals[id].executed = true;
        Calls storage c = _calls[id];
        for (uint256 i = 0; i < c.targets.length; i++) {
            timelock.executeTransaction{value: c.values[i]}(
                c.targets[i], c.values[i], c.signatures[i], c.calldatas[i], proposals[id].eta
            );
        }
        emit ProposalExecuted(id);
    }

    function cancel(uint256 id) external {
        require(state(id) != ProposalState.Executed, "PlainBravo: executed");
        require(msg.sender == proposals[id].proposer, "PlainBravo: not the proposer");
        proposals[id].canceled = true;
        Calls storage c = _calls[id];
        for (uint256 i = 0; i < c.targets.length; i++) {
            timelock.cancelTransaction(c.targets[i], c.values[i], c.signatures[i], c.calldatas[i], proposals[id].eta);
        }
        emit ProposalCanceled(id);
    }

    function castVote(uint256 id, uint8 support) external {
        require(state(id) == ProposalState.Active && support <= 2 && !_voted[id][msg.sender], "PlainBravo: no vote");
        _voted[id][msg.sender] = true;
        Proposal storage p = proposals[id];
        uint96 votes = comp.getPriorVotes(msg.sender, p.startBlock);
        if (support == 0) p.againstVotes += votes;
        else if (support == 1) p.forVotes += votes;
        else p.abstainVotes += votes;
        emit VoteCast(msg.sender, id, support, votes, "");
    }

    function state(uint256 id) public view returns (ProposalState) {
        Proposal storage p = proposals[id];
        require(p.id != 0, "PlainBravo: no such proposal");
        if (p.canceled) return ProposalState.Canceled;
        if (block.number <= p.startBlock) return ProposalState.Pending;
        if (block.number <= p.endBlock) return ProposalState.Active;
        if (p.forVotes <= p.againstVotes || p.forVotes < quorumVotes) return ProposalState.Defeated;
        if (p.eta == 0) return ProposalState.Succeeded;
        if (p.executed) return ProposalState.Executed;
        if (block.timestamp >= p.eta + timelock.GRACE_PERIOD()) return ProposalState.Expired;
        return ProposalState.Queued;
    }
}
