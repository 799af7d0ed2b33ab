/* Every CORE-V instruction once, as disassemble_test.py expects them back. */

  .option norvc
  .option arch, +xcvbitmanip
  .globl _start
  .section .text, "ax"
  .type _start, @function
_start:
  cv.lb s0, (a3), 1326
  cv.lh s11, (a4), -214
  cv.lw s10, (t3), 617
  cv.elw a4, 1617(t1)
  cv.lbu s0, (t2), -1430
  cv.lhu t6, (s8), 197
  cv.beqimm s6, 8, _start
  cv.bneimm t5, 3, _start
  cv.sb s2, (t6), -1920
  cv.sb ra, (a7), a6
  cv.sb s9, s3(s11)
  cv.sh s3, (gp), a6
  cv.sh a3, s0(s2)
  cv.sw a4, (tp), s11
  cv.sw t5, t4(a4)
  cv.lb a1, (a2), a5
  cv.lb ra, s9(s2)
  cv.lh t1, (ra), zero
  cv.lh a4, a6(t1)
  cv.lw s1, (s10), a6
  cv.lw s7, t5(tp)
  cv.lbu a4, (s8), s9
  cv.lbu a5, s3(a7)
  cv.lhu t4, (sp), a7
  cv.lhu s4, a0(s10)
  cv.extractr s11, gp, s2
  cv.extractur s1, s9, s10
  cv.insertr t0, gp, a2
  cv.bclrr s8, sp, s11
  cv.bsetr zero, s8, s0
  cv.ror zero, a2, s2
  cv.sle t1, ra, s7
  cv.sleu a3, t5, s1
  cv.min a7, t5, s3
  cv.minu s11, s10, s1
  cv.max ra, a2, t4
  cv.maxu s1, s10, s11
  cv.clipr s5, a2, t5
  cv.clipur s4, s9, s8
  cv.addnr t0, gp, a1
  cv.addunr s5, s7, t5
  cv.addrnr gp, a7, s1
  cv.addurnr a5, s9, t5
  cv.subnr a4, gp, s0
  cv.subunr a3, s1, t3
  cv.subrnr t4, a5, ra
  cv.suburnr a1, t2, sp
  cv.mac tp, s9, s4
  cv.msu a3, s11, a4
  cv.ff1 t2, s4
  cv.fl1 gp, a5
  cv.clb a2, a4
  cv.cnt s4, a7
  cv.abs a0, s10
  cv.exths a6, s11
  cv.exthz s5, a5
  cv.extbs a1, s0
  cv.extbz s7, gp
  cv.clip t6, t2, 14
  cv.clipu t1, s4, 3
  cv.sh s8, (t6), -1494
  cv.sw ra, (a6), 769
  cv.extract tp, a0, 15, 21
  cv.extractu a1, sp, 12, 15
  cv.insert s6, a7, 6, 3
  cv.bclr s0, s9, 27, 4
  cv.bset zero, t0, 8, 1
  cv.bitrev ra, s4, 0, 7
  cv.addn a1, tp, s4, 7
  cv.addun s3, a4, t2, 15
  cv.addrn a1, s3, a1, 26
  cv.addurn a0, a0, a7, 31
  cv.subn sp, t4, sp, 23
  cv.subun sp, t4, ra, 4
  cv.subrn zero, a3, s7, 22
  cv.suburn a4, a6, a5, 3
  cv.muls t0, s7, t1
  cv.mulsn t5, gp, s3, 27
  cv.mulhhs gp, a4, t5
  cv.mulhhsn a5, a3, t1, 22
  cv.mulsrn s0, t2, zero, 26
  cv.mulhhsrn s2, ra, s1, 14
  cv.mulu a5, s11, a1
  cv.mulun tp, a7, s9, 31
  cv.mulhhu s0, s8, s5
  cv.mulhhun gp, a0, zero, 23
  cv.mulurn s9, sp, a5, 25
  cv.mulhhurn s4, t0, s10, 3
  cv.macsn s7, s10, t2, 31
  cv.machhsn t1, s0, a5, 10
  cv.macsrn t4, s10, a6, 9
  cv.machhsrn zero, s10, a3, 6
  cv.macun a4, t1, t2, 3
  cv.machhun tp, t6, a1, 31
  cv.macurn t0, s2, zero, 16
  cv.machhurn a1, t3, t5, 11
  cv.add.h s10, s9, a1
  cv.cmpeq.h s8, a3, a4
  cv.sub.h s4, a2, s11
  cv.cmpne.h s9, s1, t5
  cv.avg.h s10, s9, a4
  cv.cmpgt.h s5, s10, a1
  cv.avgu.h t5, s3, gp
  cv.cmpge.h a5, t3, a6
  cv.min.h a7, s4, a6
  cv.cmplt.h s1, s5, gp
  cv.minu.h s9, t2, t4
  cv.cmple.h a6, ra, s9
  cv.max.h a0, a6, a4
  cv.cmpgtu.h s7, s5, a4
  cv.maxu.h t6, s9, s2
  cv.cmpgeu.h s8, s0, t6
  cv.srl.h s9, s2, zero
  cv.cmpltu.h gp, a3, tp
  cv.sra.h gp, zero, a7
  cv.cmpleu.h t6, t4, t4
  cv.sll.h s5, s5, s11
  cv.or.h s10, t3, a3
  cv.xor.h t2, gp, a1
  cv.and.h t1, tp, zero
  cv.dotup.h zero, t5, ra
  cv.dotusp.h s5, t6, s7
  cv.dotsp.h gp, gp, t0
  cv.sdotup.h tp, tp, a7
  cv.sdotusp.h ra, t4, t6
  cv.sdotsp.h s4, a0, s10
  cv.abs.h t6, a7
  cv.shuffle.h s0, a2, s2
  cv.shuffle2.h t1, s0, t2
  cv.extract.h s9, sp, 0
  cv.pack t5, s3, a2
  cv.pack.h t0, s4, s9
  cv.cplxconj ra, a6
  cv.cplxmul.r a6, a1, t6
  cv.cplxmul.i t4, a3, t4
  cv.subrotmj s11, s5, a7
  cv.add.sc.h tp, t4, s5
  cv.cmpeq.sc.h s2, sp, t2
  cv.sub.sc.h sp, a1, zero
  cv.cmpne.sc.h a3, t2, a0
  cv.avg.sc.h a6, a6, s8
  cv.cmpgt.sc.h tp, s10, s2
  cv.avgu.sc.h s6, s1, s9
  cv.cmpge.sc.h s11, tp, s4
  cv.min.sc.h s9, s4, s10
  cv.cmplt.sc.h a7, s0, t6
  cv.minu.sc.h s2, s7, gp
  cv.cmple.sc.h t5, a1, t1
  cv.max.sc.h s3, s3, t1
  cv.cmpgtu.sc.h t1, a1, ra
  cv.maxu.sc.h ra, s6, a3
  cv.cmpgeu.sc.h s6, s1, s7
  cv.srl.sc.h s4, t1, a2
  cv.cmpltu.sc.h t0, a0, a7
  cv.sra.sc.h t1, s9, s2
  cv.cmpleu.sc.h a2, a0, a3
  cv.sll.sc.h t5, a3, t3
  cv.or.sc.h a6, t3, a2
  cv.xor.sc.h s3, gp, gp
  cv.and.sc.h tp, t6, a5
  cv.dotup.sc.h a5, a0, a6
  cv.dotusp.sc.h s2, a0, t1
  cv.dotsp.sc.h s10, s3, t6
  cv.sdotup.sc.h s4, t0, t1
  cv.sdotusp.sc.h t1, a5, a7
  cv.sdotsp.sc.h a3, s8, t4
  cv.insert.h s5, s5, 20
  cv.cplxmul.r.div4 t2, a0, s9
  cv.cplxmul.i.div4 ra, s8, a7
  cv.subrotmj.div4 gp, a0, a6
  cv.add.div4 t6, t2, s6
  cv.sub.div4 t5, s9, t4
  cv.add.sci.h a5, a0, 2
  cv.cmpeq.sci.h a5, s0, 23
  cv.sub.sci.h t0, a1, -29
  cv.cmpne.sci.h zero, s6, -29
  cv.avg.sci.h s3, ra, 20
  cv.cmpgt.sci.h s6, a3, 19
  cv.avgu.sci.h tp, s11, 31
  cv.cmpge.sci.h a6, tp, 27
  cv.min.sci.h a6, a6, 20
  cv.cmplt.sci.h a4, zero, -27
  cv.minu.sci.h sp, a0, 5
  cv.cmple.sci.h a4, s11, -31
  cv.max.sci.h t0, s8, -10
  cv.cmpgtu.sci.h s5, a3, 7
  cv.maxu.sci.h a2, t3, 36
  cv.cmpgeu.sci.h zero, s6, 26
  cv.srl.sci.h s4, a3, 1
  cv.cmpltu.sci.h s4, a2, 26
  cv.sra.sci.h t5, ra, 3
  cv.cmpleu.sci.h s6, s2, 16
  cv.sll.sci.h s10, a6, 3
  cv.or.sci.h zero, a3, 25
  cv.xor.sci.h a2, s4, 11
  cv.and.sci.h s3, s1, -20
  cv.dotup.sci.h t5, s11, 36
  cv.dotusp.sci.h a5, t0, -29
  cv.dotsp.sci.h ra, t0, 21
  cv.sdotup.sci.h s8, t3, 38
  cv.sdotusp.sci.h s5, s9, -30
  cv.sdotsp.sci.h s11, s6, 23
  cv.shuffle.sci.h a2, gp, 45
  cv.cplxmul.r.div8 s9, s1, s1
  cv.cplxmul.i.div8 s3, s7, s11
  cv.subrotmj.div8 ra, a3, a7
  cv.add.div8 s0, a3, sp
  cv.sub.div8 s8, t0, a2
  cv.add.b s8, ra, a3
  cv.cmpeq.b a1, t3, a0
  cv.sub.b s9, t1, s4
  cv.cmpne.b s9, s9, sp
  cv.avg.b a4, s8, a6
  cv.cmpgt.b s8, s6, s4
  cv.avgu.b t2, zero, s4
  cv.cmpge.b s0, s5, a3
  cv.min.b a3, a4, s0
  cv.cmplt.b s5, s9, ra
  cv.minu.b s10, s7, a5
  cv.cmple.b a7, ra, s9
  cv.max.b s3, t3, t6
  cv.cmpgtu.b a2, zero, sp
  cv.maxu.b sp, s0, a2
  cv.cmpgeu.b a7, s1, t6
  cv.srl.b t5, a4, t6
  cv.cmpltu.b zero, gp, s4
  cv.sra.b t4, s5, ra
  cv.cmpleu.b gp, s7, s10
  cv.sll.b t0, s6, a7
  cv.or.b a7, t0, s6
  cv.xor.b s4, tp, t4
  cv.and.b s4, a3, a4
  cv.dotup.b s7, a5, tp
  cv.dotusp.b t1, a7, a5
  cv.dotsp.b s1, s8, s10
  cv.sdotup.b ra, t4, s10
  cv.sdotusp.b a7, zero, t5
  cv.sdotsp.b s6, s4, gp
  cv.abs.b s3, sp
  cv.shuffle.b t4, s8, s2
  cv.shuffle2.b gp, t0, t2
  cv.extract.b s0, a5, 60
  cv.packlo.b s4, t1, sp
  cv.packhi.b s9, a0, a4
  cv.add.sc.b a6, sp, s0
  cv.cmpeq.sc.b s0, a0, s4
  cv.sub.sc.b s10, ra, t1
  cv.cmpne.sc.b a7, t1, s0
  cv.avg.sc.b s2, t5, t5
  cv.cmpgt.sc.b s2, s7, a2
  cv.avgu.sc.b sp, s11, s3
  cv.cmpge.sc.b s10, t1, ra
  cv.min.sc.b sp, gp, s7
  cv.cmplt.sc.b s8, s9, a2
  cv.minu.sc.b t2, s9, s8
  cv.cmple.sc.b t0, s0, sp
  cv.max.sc.b gp, s11, a6
  cv.cmpgtu.sc.b t1, s2, t3
  cv.maxu.sc.b a6, a1, s7
  cv.cmpgeu.sc.b s9, a1, gp
  cv.srl.sc.b s3, t5, zero
  cv.cmpltu.sc.b s6, a7, a7
  cv.sra.sc.b s8, s2, a1
  cv.cmpleu.sc.b a5, t6, s5
  cv.sll.sc.b gp, s3, t6
  cv.or.sc.b t3, t3, a4
  cv.xor.sc.b s4, a1, a7
  cv.and.sc.b t0, s11, a7
  cv.dotup.sc.b s3, a4, s0
  cv.dotusp.sc.b t2, zero, zero
  cv.dotsp.sc.b t5, s0, t4
  cv.sdotup.sc.b t1, s8, s3
  cv.sdotusp.sc.b zero, t2, s3
  cv.sdotsp.sc.b sp, ra, t0
  cv.insert.b a5, a4, 1
  cv.add.sci.b s5, a7, 13
  cv.cmpeq.sci.b a3, t2, 18
  cv.sub.sci.b s10, s3, 18
  cv.cmpne.sci.b a0, t4, 28
  cv.avg.sci.b a6, t4, 5
  cv.cmpgt.sci.b ra, s3, -26
  cv.avgu.sci.b s11, gp, 44
  cv.cmpge.sci.b a3, t0, -17
  cv.min.sci.b t4, a5, -16
  cv.cmplt.sci.b t3, t2, -22
  cv.minu.sci.b a4, tp, 30
  cv.cmple.sci.b s5, s7, 7
  cv.max.sci.b s7, t0, 11
  cv.cmpgtu.sci.b a1, s6, 41
  cv.maxu.sci.b s8, s6, 31
  cv.cmpgeu.sci.b a3, s9, 59
  cv.srl.sci.b s11, a1, 3
  cv.cmpltu.sci.b s3, s9, 62
  cv.sra.sci.b tp, s1, 0
  cv.cmpleu.sci.b a5, a7, 5
  cv.sll.sci.b sp, s5, 1
  cv.or.sci.b s6, a3, -9
  cv.xor.sci.b a6, a5, -16
  cv.and.sci.b s7, a4, -7
  cv.dotup.sci.b a5, a3, 17
  cv.dotusp.sci.b s11, t6, 4
  cv.dotsp.sci.b gp, s5, -28
  cv.sdotup.sci.b s4, s0, 42
  cv.sdotusp.sci.b t6, t3, 4
  cv.sdotsp.sci.b s3, s3, -4
  cv.shufflei0.sci.b a6, a7, 16
  cv.shufflei1.sci.b s4, t2, 47
  cv.shufflei2.sci.b a0, a5, 55
  cv.shufflei3.sci.b zero, s7, 39
  cv.extractu.h t5, s7, 18
  cv.cplxmul.r.div2 t3, a5, s8
  cv.cplxmul.i.div2 s1, a6, a0
  cv.subrotmj.div2 s2, s10, a6
  cv.add.div2 a0, a0, zero
  cv.sub.div2 gp, s8, a4
  cv.extractu.b a6, a1, 3
