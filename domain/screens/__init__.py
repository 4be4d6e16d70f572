"""Big screens: which panels stand where in the gatehouse, the control room and the meeting room, and how they go round."""
