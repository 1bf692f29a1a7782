// SPDX-License-Identifier: MIT
pragma solidity ^0.8.26;

import {VotesToken} from "./Votes.sol";

/// Counts and decides as Aragon's Voting does, or as Lido's fork: with an objection phase nothing is carried out before
/// the window closes, without one as soon as nobody's later vote could take the support away.
contract ObjectionVoting {
    event StartVote(uint256 indexed voteId, address indexed creator, string metadata);
    event CastVote(uint256 indexed voteId, address indexed voter, bool inFavour, uint256 stake);
    event CastObjection(uint256 indexed voteId, address indexed voter, uint256 stake);
    event ExecuteVote(uint256 indexed voteId);

    struct Vote {
        bool executed;
        uint64 startDate;
        uint64 snapshotBlock;
        uint256 yea;
        uint256 nay;
        uint256 votingPower;
        address target;
        bytes data;
    }

    uint64 public constant PCT_BASE = 1e18;
    VotesToken public immutable token;
    uint64 public immutable supportRequiredPct;
    uint64 public immutable minAcceptQuorumPct;
    uint64 public immutable voteTime;
    uint64 public immutable objectionPhaseTime;
    uint256 public votesLength;
    mapping(uint256 => Vote) private _votes;
    mapping(uint256 => mapping(address => uint8)) public getVoterState; // 0 absent, 1 yea, 2 nay

    constructor(VotesToken token_, uint64 support, uint64 quorum, uint64 voteTime_, uint64 objectionTime) {
        (token, supportRequiredPct, minAcceptQuorumPct) = (token_, support, quorum);
        (voteTime, objectionPhaseTime) = (voteTime_, objectionTime);
    }

    function newVote(address target, bytes calldata data, string calldata metadata) external returns (uint256 id) {
        id = votesLength++;
        uint64 at = uint64(block.number - 1);
        _votes[id] = Vote(false, uint64(block.timestamp), at, 0, 0, token.getPastTotalSupply(at), target, data);
        emit StartVote(id, msg.sender, metadata);
    }

    function vote(uint256 id, bool inFavour) external {
        Vote storage v = _votes[id];
        require(_isOpen(v), "CAN_NOT_VOTE");
        bool objecting = block.timestamp >= v.startDate + voteTime - objectionPhaseTime;
        require(!objecting || !inFavour, "CAN_NOT_VOTE");
        uint256 stake = token.getPastVotes(msg.sender, v.snapshotBlock);
        require(stake > 0, "NO_VOTING_POWER");
        uint8 had = getVoterState[id][msg.sender];
        if (had == 1) v.yea -= stake;
        if (had == 2) v.nay -= stake;
        if (inFavour) v.yea += stake;
        else v.nay += stake;
        getVoterState[id][msg.sender] = inFavour ? 1 : 2;
        emit CastVote(id, msg.sender, inFavour, stake);
        if (objecting) emit CastObjection(id, msg.sender, stake);
    }

    function executeVote(uint256 id) external {
        require(canExecute(id), "CAN_NOT_EXECUTE");
        Vote storage v = _votes[id];
        v.executed = true;
        (bool ok, bytes memory answer) = v.target.call(v.data);
        if (!ok) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        emit ExecuteVote(id);
    }

    function canExecute(uint256 id) public view returns (bool) {
        Vote storage v = _votes[id];
        if (v.executed) return false;
        if (objectionPhaseTime == 0 && _above(v.yea, v.votingPower, supportRequiredPct)) return true;
        if (_isOpen(v)) return false;
        return _above(v.yea, v.yea + v.nay, supportRequiredPct) && _above(v.yea, v.votingPower, minAcceptQuorumPct);
    }

    function getVote(uint256 id)
        external
        view
        returns (bool, bool, uint64, uint64, uint64, uint64, uint256, uint256, uint256, bytes memory)
    {
        Vote storage v = _votes[id];
        return (
            _isOpen(v),
            v.executed,
            v.startDate,
            v.snapshotBlock,
            supportRequiredPct,
            minAcceptQuorumPct,
            v.yea,
            v.nay,
            v.votingPower,
            v.data
        );
    }

    function _isOpen(Vote storage v) private view returns (bool) {
        return block.timestamp < v.startDate + voteTime && !v.executed;
    }

    function _above(uint256 value, uint256 total, uint256 pct) private pure returns (bool) {
        return total != 0 && (value * PCT_BASE) / total > pct;
    }
}
