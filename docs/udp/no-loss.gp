# Drawn by vazao from no-loss.dat. To change it, edit and run
#   gnuplot -e "format='pdf'" no-loss.gp      (or svg, png)
reset
set encoding utf8
if (!exists('format')) format = 'svg'
data = 'no-loss.dat'
mark = 0.8
if (format eq 'svg') set terminal svg noenhanced size 620,459 dynamic font 'Helvetica,13' background '#ffffff'; mark = 0.55
if (format eq 'png') set terminal pngcairo noenhanced size 1240,918 font 'Helvetica,8' fontscale 2.6 linewidth 2 pointscale 2
if (format eq 'pdf') set terminal pdfcairo noenhanced size 12cm,8.88cm font 'Helvetica,8' pointscale 0.55
set output 'no-loss.'.format
set tmargin at screen 0.8954
set bmargin at screen 0.1176
set rmargin at screen 0.96
set lmargin at screen 0.14
set border 1 lc rgb '#444444'
set tics nomirror
set grid xtics lc rgb '#dddddd' lt 1
set bars 0.4
set logscale x
set xrange [5.12788:4737.77]
set yrange [20:-0.5]
set xlabel '10^6 bit/s of payload'
set key at screen 0.55,0.99 center top horizontal maxrows 1 Left reverse samplen 1 width 1
unset ytics
set label 'socket 16K, message 64' at graph 0,first 0 left
set label 'native' at graph -0.02,first 1 right tc rgb '#000000'
set arrow from 95.6567281,2 to graph 1,first 2 filled size screen 0.012,25 lc rgb '#d55e00' dt 2
set label 'dom0' at graph -0.02,first 2 right tc rgb '#d55e00'
set label 'domU' at graph -0.02,first 3 right tc rgb '#0072b2'
set arrow from 8.59648,4 to graph 1,first 4 filled size screen 0.012,25 lc rgb '#009e73' dt 2
set label 'uml' at graph -0.02,first 4 right tc rgb '#009e73'
set label 'socket 16K, message 1472' at graph 0,first 5 left
set label 'native' at graph -0.02,first 6 right tc rgb '#000000'
set label 'dom0' at graph -0.02,first 7 right tc rgb '#d55e00'
set arrow from 181.234324,8 to graph 1,first 8 filled size screen 0.012,25 lc rgb '#0072b2' dt 2
set label 'domU' at graph -0.02,first 8 right tc rgb '#0072b2'
set arrow from 205.976819,9 to graph 1,first 9 filled size screen 0.012,25 lc rgb '#009e73' dt 2
set label 'uml' at graph -0.02,first 9 right tc rgb '#009e73'
set label 'socket 256K, message 64' at graph 0,first 10 left
set label 'native' at graph -0.02,first 11 right tc rgb '#000000'
set arrow from 95.0016,12 to graph 1,first 12 filled size screen 0.012,25 lc rgb '#d55e00' dt 2
set label 'dom0' at graph -0.02,first 12 right tc rgb '#d55e00'
set arrow from 119.888501,13 to graph 1,first 13 filled size screen 0.012,25 lc rgb '#0072b2' dt 2
set label 'domU' at graph -0.02,first 13 right tc rgb '#0072b2'
set arrow from 9.14432,14 to graph 1,first 14 filled size screen 0.012,25 lc rgb '#009e73' dt 2
set label 'uml' at graph -0.02,first 14 right tc rgb '#009e73'
set label 'socket 256K, message 1472' at graph 0,first 15 left
set label 'native' at graph -0.02,first 16 right tc rgb '#000000'
set arrow from 2170.85207,17 to graph 1,first 17 filled size screen 0.012,25 lc rgb '#d55e00' dt 2
set label 'dom0' at graph -0.02,first 17 right tc rgb '#d55e00'
set label 'domU' at graph -0.02,first 18 right tc rgb '#0072b2'
set arrow from 207.96416,19 to graph 1,first 19 filled size screen 0.012,25 lc rgb '#009e73' dt 2
set label 'uml' at graph -0.02,first 19 right tc rgb '#009e73'
plot NaN notitle, \
 data index 0 using ($6==0?$2:NaN):1:3:4 with xerrorbars pt 7 ps mark lc rgb '#000000' notitle, \
 data index 0 using ($6==1?$2:NaN):1:3:4 with xerrorbars pt 6 ps mark lc rgb '#000000' notitle, \
 data index 0 using 5:1 with points pt 2 ps mark lc rgb '#000000' notitle, \
 data index 1 using ($6==0?$2:NaN):1:3:4 with xerrorbars pt 7 ps mark lc rgb '#d55e00' notitle, \
 data index 1 using ($6==1?$2:NaN):1:3:4 with xerrorbars pt 6 ps mark lc rgb '#d55e00' notitle, \
 data index 1 using 5:1 with points pt 2 ps mark lc rgb '#d55e00' notitle, \
 data index 2 using ($6==0?$2:NaN):1:3:4 with xerrorbars pt 7 ps mark lc rgb '#0072b2' notitle, \
 data index 2 using ($6==1?$2:NaN):1:3:4 with xerrorbars pt 6 ps mark lc rgb '#0072b2' notitle, \
 data index 2 using 5:1 with points pt 2 ps mark lc rgb '#0072b2' notitle, \
 data index 3 using ($6==0?$2:NaN):1:3:4 with xerrorbars pt 7 ps mark lc rgb '#009e73' notitle, \
 data index 3 using ($6==1?$2:NaN):1:3:4 with xerrorbars pt 6 ps mark lc rgb '#009e73' notitle, \
 data index 3 using 5:1 with points pt 2 ps mark lc rgb '#009e73' notitle, \
 keyentry with points pt 7 ps mark lc rgb '#444444' title 'without loss', \
 keyentry with points pt 6 ps mark lc rgb '#444444' title 'unevenly offered', \
 keyentry with points pt 2 ps mark lc rgb '#444444' title 'received at overload'
set output
